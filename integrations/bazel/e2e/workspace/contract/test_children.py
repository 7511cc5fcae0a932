import subprocess


def test_leaves_a_child():
    # Its name is looked for when the test is over.
    subprocess.Popen(["sleep", "86399"], start_new_session=True)
