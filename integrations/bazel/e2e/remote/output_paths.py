"""Runs actions of old Bazels on a server that only knows `output_paths`.

Bazel before 6.3 names the outputs of an action as `output_files` and `output_directories`, which
newer servers do not look at: actions then succeed and their outputs are lost.  This stands in the
place of the server's runner: it gives the command of the action `output_paths` too, puts it into
the server's storage, and starts the runner with an action that refers to it.

    output_paths.py RUNNER STORAGE --action=FILE ...
"""

import hashlib
import os
import sys
import tempfile

# Fields of build.bazel.remote.execution.v2.
ACTION_COMMAND = 1
COMMAND_OUTPUT_FILES, COMMAND_OUTPUT_DIRECTORIES, COMMAND_OUTPUT_PATHS = 3, 4, 7
DIGEST_HASH, DIGEST_SIZE = 1, 2
BYTES = 2


def fields(message):
    """The fields of a message: number, wire type, whole encoding, and content."""
    at = 0
    while at < len(message):
        start = at
        key, at = varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == BYTES:
            length, at = varint(message, at)
            content = message[at : at + length]
            at += length
        elif kind == 0:
            content, at = varint(message, at)
        else:
            at += {1: 8, 5: 4}[kind]
            content = None
        yield number, kind, message[start:at], content


def varint(message, at):
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def encoded(value):
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def of_bytes(number, content):
    return encoded(number << 3 | BYTES) + encoded(len(content)) + content


def place(storage, hash_):
    return os.path.join(storage, hash_[:2], hash_[2:])


def with_output_paths(command):
    old = (COMMAND_OUTPUT_FILES, COMMAND_OUTPUT_DIRECTORIES)
    parts = list(fields(command))
    if any(number == COMMAND_OUTPUT_PATHS for number, *_ in parts):
        return command
    paths = sorted(content for number, _, _, content in parts if number in old)
    kept = b"".join(whole for number, _, whole, _ in parts if number not in old)
    return kept + b"".join(of_bytes(COMMAND_OUTPUT_PATHS, path) for path in paths)


def mended(action, storage):
    parts = []
    for number, _, whole, content in fields(action):
        if number == ACTION_COMMAND:
            digest = {number: value for number, _, _, value in fields(content)}
            with open(place(storage, digest[DIGEST_HASH].decode()), "rb") as file:
                command = with_output_paths(file.read())
            hash_ = hashlib.sha256(command).hexdigest()
            store(command, place(storage, hash_))
            content = of_bytes(DIGEST_HASH, hash_.encode())
            content += encoded(DIGEST_SIZE << 3) + encoded(len(command))
            whole = of_bytes(ACTION_COMMAND, content)
        parts.append(whole)
    return b"".join(parts)


def store(blob, path):
    if os.path.exists(path):
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    aside = f"{path}.{os.getpid()}"
    with open(aside, "wb") as file:
        file.write(blob)
    os.chmod(aside, 0o444)
    os.rename(aside, path)


def main():
    runner, storage, *arguments = sys.argv[1:]
    for at, argument in enumerate(arguments):
        name, _, path = argument.partition("=")
        if name == "--action":
            with open(path, "rb") as file:
                action = mended(file.read(), storage)
            # The runner that takes the place of this process reads it.
            with tempfile.NamedTemporaryFile(delete=False) as file:
                file.write(action)
            arguments[at] = f"--action={file.name}"
    os.execv(runner, [runner, *arguments])


main()
