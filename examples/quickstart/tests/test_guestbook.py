from greeting import Guestbook


class TestGuestbook:
    def test_starts_empty(self):
        assert Guestbook().names == []

    def test_remembers_in_order(self):
        book = Guestbook()
        book.welcome("Ada")
        book.welcome("Grace")
        assert book.names == ["Ada", "Grace"]

    def test_says_what_it_remembers(self):
        assert Guestbook().welcome("Alan").endswith("Alan!")
