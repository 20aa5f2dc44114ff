"""The messages that a returning client recovers."""


def recovered(client, expected):
    """The missed messages of the expected channels, in the answer or after
    it: {channel: [offsets]}."""
    got = {}
    while {name: got.get(name) for name in expected} != expected:
        message = client.receive()
        assert message["type"] in ("subscribed", "broadcast")
        name = message["channel"]
        if message["type"] == "subscribed":
            assert message["recovered"] is True
            got[name] = [m["offset"] for m in message["messages"]]
        else:
            got[name].append(message["offset"])
        assert got[name] == expected[name][:len(got[name])]
    assert client.is_silent()
