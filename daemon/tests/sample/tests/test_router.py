from server.router import Router


def test_first_match_wins():
    router = Router()
    router.add("/a", lambda request: "first")
    router.add("/.*", lambda request: "second")
    assert router.dispatch(type("Request", (), {"path": "/a"})()) == "first"
