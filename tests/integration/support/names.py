"""Valid and invalid client ids."""

from urllib.parse import quote

# subjects of common identity providers, and characters that separate, quote,
# encode or have a special meaning in some format
IDS = [
    "auth0|5f7c", "google-oauth2|1035", "https://orcid.org/0000-0002",
    "repo:octo/x:ref:refs/heads/main", "DOMAIN\\user", "o'brien@x.com",
    "jos\u00e9", "jose\u0301", "Anna Maria",
    '"', "%", "%2F", "%00", "/", "//", "/../", "{}", "}{", "{a}:connections",
    "*", "a*", "alice*", ":", ";", "|", "a|b;c", "?#&=+", " ", "  a  ", "<b>&amp;",
    "eyJ.a token?", "\U0001f469\u200d\U0001f680", "\u202enimda",
    "\u05e9\u05dc\u05d5\u05dd", "\u2028", "\ufeff", "\uffff", "\U0010ffff",
    "\u00a0", "-", "null", "0", "\u00e9" * 64, "x" * 128, "|" * 128,
]

# percent-encoded bytes -> the reason in the response
NOT_IDS = {
    "": "it is empty",
    "a%00": "found U+0000 at character 2",
    "%0A": "found U+000A at character 1",
    "a%C3%A9%7F": "found U+007F at character 3",
    "%C2%80": "found U+0080 at character 1",
    "a%C2%9F": "found U+009F at character 2",
    "a%FF": "not UTF-8 at character 2",
    "%C3%A9%C0%AF": "not UTF-8 at character 2",
    "%E0%80%AF": "not UTF-8 at character 1",
    "ab%ED%A0%80": "not UTF-8 at character 3",
    "%F4%90%80%80": "not UTF-8 at character 1",
    "%F0%9F%98": "not UTF-8 at character 1",
    "x" * 129: "it has 129 bytes",
    quote("\u00e9" * 65): "it has 130 bytes",
}

RULE = "1 to 128 bytes of UTF-8 without control characters"
