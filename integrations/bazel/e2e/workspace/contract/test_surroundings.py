import os
import tempfile
from pathlib import Path


def test_the_current_folder_is_that_of_the_repository():
    assert os.getcwd() == os.path.join(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"])


def test_the_environment_is_what_is_declared():
    assert os.environ["DECLARED"] == "in lib/rates.txt"
    assert os.environ["MODE"] == "fastbuild"
    assert os.environ["FROM_THE_CALL"] == "1"
    assert os.environ["TEST_TARGET"] == "//contract:surroundings"
    assert "FROM_THE_CALLER" not in os.environ
    assert "XML_OUTPUT_FILE" not in os.environ


def test_folders_are_its_own(tmp_path):
    own = Path(os.environ["TEST_TMPDIR"]).resolve()
    for folder in [tmp_path, Path.home(), Path(tempfile.gettempdir())]:
        assert own in folder.resolve().parents, folder
    assert (own / "written").write_text("x") == 1


def test_files_are_those_declared():
    found = {str(path) for path in Path().rglob("*") if path.is_file()}
    assert found == {
        "contract/surroundings",
        "contract/surroundings.fastest",
        "contract/test_surroundings.py",
        "lib/rates.txt",
    }


def test_outputs_are_kept():
    Path(os.environ["TEST_UNDECLARED_OUTPUTS_DIR"], "kept.txt").write_text("kept")


def test_input_is_empty():
    assert os.read(0, 1) == b""


def test_a_warning():
    import warnings

    warnings.warn("look at this", UserWarning, stacklevel=1)
