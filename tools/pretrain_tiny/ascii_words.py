"""The ASCII text that the tokenizer's Latin merges are learnt from: our own list of everyday words and JSON pieces."""

from __future__ import annotations

#: Words of instructions, labels and answers; each also appears after a space, capitalised, and in quotes.
WORDS = """
label labels text type entity entities sentiment intent topic category class answer input output result results
reason score name value key item items list person organization organisation location date time money product
event place company city country title content summary keyword keywords question document sentence word words
token tokens language positive negative neutral mixed support oppose against favor true false null none other
unknown yes no and or not the a an of to in for from with by on at is are was were be been has have had do does
did will would can could should may might must this that these those it its they their them he she his her we
our you your i my me as if then else but so because while when where which who what why how all any each every
some many much more most less least few one two three four five six seven eight nine ten first second third last
next new old good bad great poor high low up down best worst better worse big small long short fast slow early
late market stock price revenue profit loss growth sales order orders share shares bank tech service customer
user system assistant email phone address number order_id user_id message subject body alarm set query weather
play music audio book books radio podcast calendar remove add create update delete send call transport taxi
ticket traffic news recommendation cooking recipe general joke quirky greet lists createoradd iot light lights
on off change dim volume mute social post factoid definition currency maths takeaway datetime convert search
find copy extract classify choose return reply write read given following only exactly format json string array
object field fields model data train test valid report file code page line row table column index count total
percent rate year month day week hour minute today tomorrow yesterday morning evening night home work office
school hospital hotel restaurant food drink coffee water game games movie film team player match win won lose
lost sport sports health education politics economy finance science technology travel culture art life world
international local society police government law court bill policy public private user_name start end begin
stop open close buy sell pay paid cost free cheap expensive quality fine nice happy sad angry love like hate
enjoy recommend disappointed excellent terrible awful perfect broken battery screen camera sound room staff
clean dirty noisy quiet rude friendly helpful useless waste refund return shipping delivery package arrived
damaged missing wrong right correct error issue problem bug crash login password account invoice payment card
transfer balance credit loan interest tax insurance about after again also before between both during even just
now over same such than there through under until very well still back into out made make get got take took give
gave go went come came see saw know think want need use used help please thank thanks hello hi dear regards inc
corp ltd co group holdings capital university institute center club street road park station river lake mountain
island north south east west united kingdom states america china taiwan taipei japan tokyo korea seoul london
paris new york john james mary robert michael david smith johnson brown lee wang chen lin liu per loc org misc
gpe fac prod pos neg neu id url www http https com tw cn gov edu pdf csv html api gpu cpu ai ml nlp qa
"""
#: Pieces of JSON, repeated so that they become single tokens where the pre-tokenizer allows.
JSON_PIECES = [
    '{"label": "x"}',
    '[{"text": "x", "label": "ORG"}, {"text": "x", "label": "PER"}]',
    '[{"text": "x", "type": "LOC"}]',
    '{"sentiment": "positive", "score": 1}',
    '{"entities": []}',
    '{"a": ["x", "y"], "b": null, "c": {"d": "x"}}',
    '["x", "y"]',
    "[]",
    "{}",
    '""',
    "x: y; z, w. (x) [x] - y / z -> a | b # c\n",
    "Text: x\nLabel: y\n\n",
    "**x** `y` ```json\n{}\n```\n",
    "x... y!! z?? --- ===\n",
    "def f(x):\n    return x\n",
]


def lines() -> list[str]:
    """Training lines for the Latin merges, in a fixed order."""
    words = WORDS.split()
    text = []
    for word in words:
        text += [word, f"a {word} a {word}", word.capitalize(), f" {word.upper()}"]
    text += [f'"{word}' for word in ("label", "text", "sentiment", "intent", "type", "entities", "name", "topic")] * 4
    return text + JSON_PIECES * 40
