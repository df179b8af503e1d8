"""Many ways to ask for the same thing: instructions, label lists and answer formats."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from .example import dumps

#: Names for the three polarities (positive, negative, neutral), in use or imaginable.
POLARITIES = [
    ("正面", "負面", "中立"),
    ("正面", "負面", "中立"),
    ("正面", "負面", "中立"),
    ("正面", "負面", "中性"),
    ("正向", "負向", "中性"),
    ("正向", "負向", "中立"),
    ("正面", "负面", "中性"),
    ("积极", "消极", "中性"),
    ("positive", "negative", "neutral"),
    ("positive", "negative", "neutral"),
    ("Positive", "Negative", "Neutral"),
    ("POS", "NEG", "NEU"),
    ("利多", "利空", "中性"),
    ("看好", "看壞", "觀望"),
    ("好評", "負評", "普通"),
    ("滿意", "不滿意", "普通"),
    ("讚", "噓", "無"),
    ("褒", "貶", "平"),
    ("好", "壞", "無"),
    ("樂觀", "悲觀", "中立"),
    ("看多", "看空", "持平"),
    ("喜歡", "討厭", "沒意見"),
    ("good", "bad", "none"),
]

_ASK_SENTIMENT = [
    "你是情感分析助理。",
    "你是財經新聞的情感分析員。",
    "判斷文本的情感傾向。",
    "請分析文字的情緒。",
    "你負責標註輿情。",
    "You are a sentiment classifier.",
    "Classify the sentiment.",
    "你是一个情感分析模型。",
    "判断文本的情感。",
    "對評論做情感分類。",
    "你是專業的文本分類器。",
    "",
]
_ASK_TARGET = [
    "判斷文本對指定實體的情感傾向。",
    "分析文章對特定公司的態度。",
    "只看指定對象，判斷情感。",
    "請判斷文字對目標的評價。",
    "针对指定实体判断情感倾向。",
    "你是實體情感分析助理。",
    "You judge the sentiment towards one entity.",
    "Decide how the text treats the given entity.",
    "針對題目中的主體，判斷敘述是好是壞。",
    "你是財經分析助理，任務是實體層級的情感分析。",
]
_ASK_LABEL = [
    "從下列標籤中選出最適合的一個。",
    "請將文字分類。",
    "你是文本分類器。",
    "判斷這段文字屬於哪一類。",
    "Choose the best label.",
    "Classify the text.",
    "请从给定标签中选择一个。",
    "你負責分類客戶訊息。",
    "請標註類別。",
    "選擇一個標籤。",
    "你是分類助理，依內容選出一個類別。",
]
_LIST_HEAD = [
    "標籤：",
    "可選標籤：",
    "類別：",
    "Labels: ",
    "选项：",
    "標籤清單：\n",
    "可用的類別有：",
    "候選：",
    "Options: ",
    "標籤如下：\n",
]
_ONLY = [
    "只輸出標籤。",
    "只回答標籤，不要解釋。",
    "Answer with the label only.",
    "直接輸出類別名稱。",
    "只需输出标签。",
    "不要輸出其他文字。",
    "",
]
_SPEECH = [
    "請仔細閱讀文字後再作答。",
    "注意諷刺與否定。",
    "若文中同時出現多個對象，只看被問到的那一個。",
    "資料來自新聞與社群。",
    "答案必須是清單中的一個。",
    "不得自行新增標籤。",
    "文字可能含有錯字。",
    "Read carefully.",
    "以下是任務說明。",
    "回答必須簡短。",
    "不要附加標點。",
    "若無法判斷，選最接近的。",
]


def label_list(rng: random.Random, names: Sequence[str]) -> str:
    """Write the labels out in one of several layouts."""
    head = rng.choice(_LIST_HEAD)
    if head.endswith("\n"):
        return head + rng.choice(["", "- ", "* "]).join(["", *(n + "\n" for n in names)]).rstrip("\n") + "\n"
    return head + rng.choice(["、", "、", "，", ", ", " / ", "|"]).join(names) + rng.choice(["。", "\n"])


def answer_form(rng: random.Random, keys: Sequence[str]) -> tuple[str, Callable[[str], str]]:
    """Return (format note, function from label to answer)."""
    if rng.random() < 0.42:
        return rng.choice(_ONLY), str
    key = rng.choice(keys)
    sample = rng.choice(["…", "...", "標籤", "label"])
    shape = dumps({key: sample})
    note = rng.choice(
        [
            f"以 JSON 格式回答：{shape}",
            f"輸出 JSON，格式為 {shape}。",
            f"回答格式：{shape}",
            f"Answer in JSON: {shape}",
            f'只輸出 JSON 物件，鍵為 "{key}"。',
            f"输出格式：{shape}",
        ]
    )
    return note, lambda label: dumps({key: label})


def system(rng: random.Random, kind: str, names: Sequence[str], note: str) -> str:
    """Compose a system prompt for a labelling task (`kind`: sentiment, target or label)."""
    asks = {"sentiment": _ASK_SENTIMENT, "target": _ASK_TARGET, "label": _ASK_LABEL}[kind]
    parts = [rng.choice(asks), label_list(rng, names)]
    for _ in range(rng.choice([0, 0, 0, 0, 1, 1, 2])):
        parts.insert(rng.randint(0, len(parts)), rng.choice(_SPEECH))
    joiner = rng.choice(["", "", "\n"])
    rng.random()
    return (joiner.join(parts) + note).strip()


ASK_TEXT = [
    "{t}",
    "{t}",
    "文本：{t}",
    "文字：{t}",
    "Text: {t}",
    "請分類：{t}",
    "內容：\n{t}",
    "評論：{t}",
    "「{t}」",
    "输入：{t}",
    "訊息：{t}",
]
ASK_ENTITY = [
    "分析以下文本對「{e}」的情感傾向。\n文本：{t}",
    "分析以下文本對「{e}」的情感傾向。\n文本：{t}",
    "文本：{t}\n實體：{e}",
    "實體：{e}\n文本：{t}",
    "對象：{e}\n{t}",
    "{t}\n請問上文對{e}的態度是？",
    "Text: {t}\nEntity: {e}",
    "「{t}」對{e}來說是好是壞？",
    "目標：{e}\n內容：{t}",
    "公司：{e}\n新聞：{t}",
    "判斷對{e}的情感：{t}",
    "请分析下面文本对“{e}”的情感。\n文本：{t}",
    "{e}｜{t}",
    "新聞：{t}\n問題：對{e}的情感",
    "What is the sentiment towards {e}?\n{t}",
]
FOLLOW_ENTITY = ["「{e}」呢？", "那對「{e}」呢？", "實體：{e}", "{e}", "And {e}?", "對象：{e}", "換成{e}。"]
