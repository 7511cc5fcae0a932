#: two capture fixtures refuse each other
def test_two(capsys, capfd):
    pass
