import os


def test_the_seed_is_that_of_the_run():
    assert os.environ["PYTHONHASHSEED"] == os.environ["TEST_RANDOM_SEED"]
