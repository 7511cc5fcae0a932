from greeting import greet


def test_morning():
    assert greet("Ada", hour=8) == "Good morning, Ada!"


def test_afternoon_is_the_default():
    assert greet("Grace") == "Good afternoon, Grace!"


def test_every_hour_has_a_greeting():
    greetings = {greet("you", hour=hour) for hour in range(24)}
    assert len(greetings) == 3


def test_no_such_hour():
    try:
        greet("nobody", hour=24)
    except ValueError as error:
        assert "24" in str(error)
    else:
        raise AssertionError("an hour that does not exist was accepted")
