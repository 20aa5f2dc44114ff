"""A client's JSON is copied into other clients' frames. JSON that common
parsers reject or read differently is refused on every input path; other JSON
is delivered unchanged."""

import json

import pytest

from support.api import WITH_KEY, ask, tell
from support.application import hooks
from support.events import Stream
from support.program import run_peal

# payloads and the position of the fault
REFUSED = [
    ('"\\ud800"', "lone surrogate", 1),
    ('"ab\\uDFFFcd"', "lone surrogate", 3),
    ('["\\ud83d\\ude00",{"a":"\\ud83d"}]', "lone surrogate", 22),
    ('{"\\ud800":1}', "lone surrogate", 2),
    ("1e999", "number too big for a double", 0),
    ("[-1E+400]", "number too big for a double", 1),
    ('{"a":1' + "0" * 309 + "}", "number too big for a double", 5),
    ("1.7976931348623159e308", "number too big for a double", 0),
]

# values that any parser can represent, some only approximately
PASSED = [
    '"\\ud83d\\ude00"', '"\\\\ud800"', '"\\u0000"', '"\\u2028\u2028"',
    "1.7976931348623157e308", "-1e308", "1e-999", "0e999", "-0", "1E5", "50.0",
    "123456789012345678901234567890", "0." + "1" * 400, "1" + "0" * 308,
    '{"a":1,"a":2}', '{"a":{"b":1,"b":2},"a":3}', "[1 ,2 ]",
]


@pytest.fixture(scope="module")
def server(start_shared):
    return start_shared({**WITH_KEY, "limits": {
        "messages_per_second": 0, "bad_messages": 1000000}})


def refusal(before, fault, at):
    return f"{fault} at byte {len(before.encode()) + at + 1}"


@pytest.mark.parametrize("payload, fault, at", REFUSED)
@pytest.mark.parametrize("kind", [
    '"type":"broadcast","channel":"room"', '"type":"direct","to":"bob"',
    '"type":"echo"'])
def test_a_message_is_refused_with_the_position(server, kind, payload, fault,
                                                at):
    bob = server.join("bob", "room")
    alice = server.join("alice", "room")
    before = "{" + kind + ',"id":7,"payload":'
    alice.send(before + payload + "}")
    assert alice.receive() == {
        "type": "error", "code": "bad_request", "id": 7,
        "message": refusal(before, fault, at)}
    assert bob.is_silent()
    alice.end()
    bob.end()


@pytest.mark.parametrize("payload, fault, at", REFUSED)
def test_unknown_members_are_checked_too(server, payload, fault, at):
    """The value is not forwarded, but the same rule applies."""
    alice = server.join("alice", "room")
    before = '{"type":"ping","unknown":'
    alice.send(before + payload + "}")
    assert alice.receive()["message"] == refusal(before, fault, at)
    alice.end()


@pytest.mark.parametrize("payload, fault, at", REFUSED)
def test_the_api_refuses_it_with_the_position(server, payload, fault, at):
    for path, start in [
            ("publish", '{"channel":"room","payload":'),
            ("send", '{"client":"bob","payload":'),
            ("broadcast", '{"channels":["room"],"payload":')]:
        response = ask(server, f"/api/{path}", (start + payload + "}").encode())
        assert response.status == 400
        assert response.json["error"] == (
            f"The body is not a JSON object: {refusal(start, fault, at)}")
    start = '{"commands":[{"command":"publish","channel":"room","payload":'
    response = ask(server, "/api/batch", (start + payload + "}]}").encode())
    assert response.status == 400
    assert response.json["error"].endswith(refusal(start, fault, at))


@pytest.mark.parametrize("payload", PASSED)
def test_other_values_are_unchanged(server, payload):
    bob = server.join("bob", "room")
    stream = Stream(server, "carol", ["room"])
    stream.join()
    alice = server.join("alice", "room")
    alice.send('{"type":"broadcast","channel":"room","payload":%s}' % payload)
    text = bob.receive_data()
    assert f'"payload":{payload},"offset"' in text
    json.loads(text)
    assert f'"payload":{payload},"offset"' in stream.receive(
        "broadcast").fields["data"]
    tell(server, "/api/publish", (
        '{"channel":"room","payload":%s}' % payload).encode())
    assert f'"payload":{payload},"offset"' in bob.receive_data()
    alice.end()
    bob.end()
    stream.close()


@pytest.mark.parametrize("payload, fault, at", REFUSED[:1] + REFUSED[4:5])
def test_answers_of_the_application_are_checked_too(peal, application, payload,
                                                    fault, at):
    application.answer = lambda question: (
        lambda handler: handler.respond(
            200, ('{"allow":true,"payload":%s}' % payload).encode()))
    server = peal(config={"hooks": hooks(application, questions=["publish"])})
    alice = server.join("alice", "room")
    answer = alice.ask({"type": "broadcast", "payload": 1})
    assert (answer["type"], answer["code"]) == ("error", "unavailable")
    server.wait_log(refusal('{"allow":true,"payload":', fault, at))


def test_the_last_of_equal_members_wins(server):
    """RFC 8259 section 4 leaves it open; JSON.parse does the same."""
    alice = server.join("alice", "one", "two")
    alice.send('{"type":"echo","type":"broadcast","channel":"one",'
               '"channel":"two","payload":1,"payload":2,"id":1,"id":2}')
    messages = [alice.receive(), alice.receive()]
    result, = [each for each in messages if each["type"] == "broadcastResult"]
    assert (result["channel"], result["payload"], result["id"]) == ("two", 2, 2)
    alice.end()


def test_the_command_refuses_the_same_values(server):
    done = run_peal("publish", "--channel", "room",
                    '"\\ud800"')
    assert done.returncode == 2
    assert "not JSON" in done.stderr and "at byte 2" in done.stderr
