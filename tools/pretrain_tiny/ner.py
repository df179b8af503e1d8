# ruff: noqa: E501 (phrases read best as long lines)
"""Entity extraction: news-like sentences composed from clauses, asked for under many type names and answer shapes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from . import copying, names, predicates
from . import words_names as w
from . import words_opinion as o
from .example import Example, dumps
from .splitting import phrases, words

#: Clauses with slots; a sentence joins one to three of them. T title, S verb of saying, X topic, B business predicate.
FRAMES = phrases("""
{ORG}{T}{PER}{S}，{X}|{PER}{S}，{X}|{T}{PER}{W}{S}{X}|{W}{PER}前往{LOC}視察{X}|{ORG}{W}在{LOC}舉辦{E}|{PER}與{PER}{W}一同出席{ORG}的{E}|{ORG}{B}|{ORG}{B}
{LOC}{W}發生{A}|{A}發生在{LOC}，{ORG}派員處理|{ORG}計畫在{LOC}興建{F}|{PER}出任{ORG}{T}|{PER}辭去{ORG}{T}職務|{PER}擊敗{PER}，當選{ORG}{T}|{PER}出生於{LOC}
{W}{LOC}下起大雨|{LOC}至{LOC}的{F}{W}通車|{ORG}以{MONEY}併購{ORG}|{ORG}推出{PROD}|{PROD}將於{DATE}在{LOC}上市|{ORG}與{ORG}簽署合作協議|{ORG}控告{ORG}侵權
{PER}在{LOC}被捕|{PER}涉嫌{C}，遭{ORG}約談|警方在{LOC}逮捕{PER}|住在{LOC}的{PER}{W}中獎|來自{LOC}的{T}{PER}奪得金牌|{PER}率領{ORG}拿下冠軍|{ORG}以三比一擊敗{ORG}
{PER}畢業於{ORG}，現任{ORG}{T}|{ORG}調查發現，{X}|根據{ORG}統計，{X}|{ORG}{W}公布{X}的報告|{ORG}位於{LOC}的{F}{W}啟用|{PER}從{LOC}搭機飛往{LOC}|{LOC}居民抗議{X}
{PER}的新書{W}在{LOC}發表|{PER}導演的電影在{LOC}取景|{PER}捐出{MONEY}給{ORG}|{ORG}{T}{PER}與{ORG}{T}{PER}會面|{W}，{PER}抵達{LOC}訪問|{ORG}將總部遷往{LOC}
{LOC}的{PER}開了一家小店|記者{PER}{LOC}報導|{ORG}發言人{PER}{S}，{X}|{PER}（{T}）{S}：「{X}」|受{X}影響，{ORG}{B}|{ORG}斥資{MONEY}在{LOC}設廠|{PER}向{ORG}請求賠償{MONEY}
由{ORG}主辦的{E}{W}在{LOC}登場|{ORG}、{ORG}和{ORG}都參加了{E}|{LOC}、{LOC}及{LOC}等地{X}|{PER}、{PER}獲選為{ORG}代表|{ORG}聘請{PER}擔任{T}|{PER}{W}離開{ORG}，加入{ORG}
{ORG}宣布{PER}接任{T}|{LOC}{F}{W}開放參觀|{PER}的家人{W}從{LOC}趕來|{DATE}，{PER}在{LOC}完成手術|{ORG}呼籲民眾避免前往{LOC}|{ORG}學生{PER}發明新裝置|{T}{PER}稱讚{PER}
{ORG}員工{PER}說，{X}|{PER}{W}接受{ORG}專訪|{ORG}的{PROD}在{LOC}熱賣|{PER}用{MONEY}買下{PROD}|{LOC}隊對上{LOC}隊|{PER}曾在{LOC}念書|{LOC}警方說，{PER}當時正要去{LOC}
""")
#: Added in the second half: names in more positions, next to more kinds of words.
MORE_FRAMES = [
    *FRAMES,
    *phrases("""
外傳{ORG}有意收購{ORG}|{PER}打電話到{ORG}詢問|{PER}把車停在{LOC}附近|{LOC}出身的{PER}效力於{ORG}|{ORG}和{PER}對簿公堂|「{X}」，{PER}{S}|{PER}今年第一次參加{E}|{LOC}旅遊業者{S}，{X}|{ORG}派{PER}常駐{LOC}
被{ORG}開除的{PER}回到{LOC}|從{ORG}退休的{T}{PER}|{PER}主演的新戲在{LOC}開拍|{PER}對{ORG}的決定感到意外|{ORG}股東{PER}提問|{LOC}{A}造成三人受傷，傷者送往{ORG}|{ORG}捐贈{PROD}給{ORG}|{PER}帶著{PROD}去{LOC}
{ORG}在{LOC}和{LOC}都有據點|{PER}、{PER}、{PER}三人在{LOC}合影|{ORG}前{T}{PER}批評{ORG}|{PER}原本在{ORG}上班|{W}在{LOC}的{E}由{PER}主持|{ORG}球迷湧入{LOC}|{PER}效法{PER}捐款{MONEY}|{LOC}首富{PER}買下{ORG}
{ORG}將由{PER}掌舵|據{ORG}了解，{X}|{ORG}旗下{PROD}降價|{PER}向{PER}道歉|{ORG}的{PER}與{ORG}的{PER}同台|{LOC}一名{T}{S}，{X}|全台最大的{F}在{LOC}動工|{ORG}認為{PER}不適任|{PER}租下{LOC}的店面|{ORG}槓上{ORG}
去年{ORG}賺了{MONEY}|{LOC}到{LOC}票價{MONEY}|{PER}夫婦定居{LOC}|{T}{PER}出訪{LOC}、{LOC}|{PER}父親曾是{ORG}{T}|{LOC}{W}氣溫驟降|{ORG}：{X}|{LOC}／{PER}{S}{X}|（{LOC}訊）{ORG}{B}|{PER}請{ORG}鑑定{PROD}|{ORG}擬撤離{LOC}
{PER}是{ORG}最年輕的{T}|在{ORG}支持下，{PER}角逐{T}|遠在{LOC}的{PER}也{S}|{ORG}{T}{PER}{W}病逝於{LOC}|{ORG}員工在{LOC}聚餐|{LOC}的{ORG}徵才|{PER}不滿{ORG}處理方式|{ORG}於{LOC}設分部，{PER}任負責人|{PER}告訴{PER}，{X}
"""),
]
_PLAIN = phrases("""
天氣轉涼，請多加件衣服|今天的會議改到三點|市場買氣不如以往|專家提醒飲食要均衡|這本書我看了兩遍|路上車很多|大家都在討論這件事|價格比去年高一些|孩子們在草地上玩
新的規定下個月開始實施|他說話的速度很快|這道菜要先把水煮開|物價上漲，民眾荷包縮水|比賽因雨延後|我覺得還不錯|明天記得帶傘|公司正在招募新人|電影還沒上映
""")
_TOPICS = words("""
物價問題 交通安全 房價 能源政策 缺水 少子化 教育改革 疫情 勞工權益 食品安全 國際局勢 半導體供應鏈 觀光復甦 新產品進度 選情 年金改革 颱風災情 電價調整 稅制 學生人數 環境污染
醫療資源不足 今年的目標不變 將全力配合調查 景氣逐漸回溫 一切依法辦理 預算還要再討論 需要更多時間 未來會持續努力 這是重要的一步 社會應該共同關心 計畫已經完成 價格不會調漲
不排除提告 情況仍在掌握中 希望大家支持 網路詐騙案件增加 失業率下降 出口表現不錯 氣溫驟降 水位上升 蔬菜價格回穩 人潮明顯變多 流感進入高峰 供電正常 停班停課
""")
_EVENTS = words(
    "論壇 記者會 音樂會 運動會 頒獎典禮 招商說明會 研討會 畢業典禮 花卉展 國際書展 馬拉松 募款餐會 電影節 產業高峰會 路跑活動 聯合演習 座談會 開幕典禮 簽約儀式 公聽會"
)
_ACCIDENTS = words(
    "車禍 火警 地震 氣爆 土石流 竊案 停電 槍擊案 山難 連環追撞 淹水 罷工 抗議活動 詐騙案 漏油事故 落石意外"
)
_FACILITIES = words(
    "新廠 社會住宅 捷運線 研發中心 物流中心 新校區 醫療大樓 公園 輕軌 分店 旗艦店 資料中心 圖書分館 體育場 停車場 快速道路 發電廠"
)
_CRIMES = words("詐欺 貪污 內線交易 酒駕 偷竊 洗錢 傷害 偽造文書 逃漏稅 吸毒")

_Maker = Callable[[random.Random], str]
#: A text and its entities (text, kind) in order of appearance.
Report = tuple[str, list[tuple[str, str]]]
_SLOTS: dict[str, _Maker] = {
    "PER": names.person,
    "LOC": names.place,
    "ORG": names.organisation,
    "DATE": names.date,
    "TIME": names.clock,
    "MONEY": names.money,
    "PROD": names.product,
}

#: For each kind of entity, the type names and descriptions that a prompt may use, set by set.
_TYPE_SETS: list[dict[str, str]] = [
    {"PER": "PER", "LOC": "LOC", "ORG": "ORG"},
    {"PER": "PER", "LOC": "LOC", "ORG": "ORG"},
    {"PER": "PER", "LOC": "LOC", "ORG": "ORG", "DATE": "DATE", "TIME": "TIME", "MONEY": "MONEY", "PROD": "PRODUCT"},
    {
        "PER": "PERSON",
        "LOC": "LOCATION",
        "ORG": "ORGANIZATION",
        "DATE": "DATE",
        "MONEY": "MONEY",
        "TIME": "TIME",
        "PROD": "PRODUCT",
    },
    {"PER": "人名", "LOC": "地名", "ORG": "組織", "DATE": "日期", "TIME": "時間", "MONEY": "金額", "PROD": "產品"},
    {"PER": "人物", "LOC": "地點", "ORG": "機構", "DATE": "日期", "MONEY": "金錢", "PROD": "商品"},
    {"PER": "人名", "LOC": "地名", "ORG": "组织", "DATE": "日期", "MONEY": "金额"},
    {"PER": "person", "LOC": "location", "ORG": "organization", "DATE": "date", "PROD": "product"},
    {"PER": "姓名", "ORG": "公司", "LOC": "地區"},
]
_MEANING = {
    "PER": "人名",
    "LOC": "地名",
    "ORG": "組織、公司、機關",
    "DATE": "日期",
    "TIME": "時刻",
    "MONEY": "金額",
    "PROD": "產品名稱",
}
_ASK = [
    "抽取文本中的命名實體。",
    "你是命名實體辨識助理。",
    "請找出文中的實體並標註類型。",
    "從新聞句子中抽取實體。",
    "Extract the named entities.",
    "请抽取文中的命名实体。",
    "標出所有專有名詞與其類型。",
    "You are a named entity recognizer.",
    "進行命名實體識別。",
    "找出文字裡提到的實體。",
]
_ORDER = ["依出現順序列出。", "按照文中順序輸出。", "", "", "In order of appearance."]
_NONE = ["沒有實體時輸出 []。", "若無則回答 []。", "没有则输出 []。", "If there is none, answer [].", ""]
_USER = [
    "{t}",
    "{t}",
    "文本：{t}",
    "文字：{t}",
    "Text: {t}",
    "抽取以下文本的實體。\n文本：{t}",
    "句子：{t}",
    "新聞：{t}",
]
_SLOT = re.compile(r"\{([A-Z]+)\}")


def sentence(rng: random.Random, frames: list[str] = FRAMES) -> tuple[str, list[tuple[str, str]]]:
    """Return a text and its entities (text, kind) in order of appearance, every kind included."""
    found: list[tuple[str, str]] = []

    def fill(match: re.Match[str]) -> str:
        slot = match.group(1)
        if slot in _SLOTS:
            name = _SLOTS[slot](rng)
            found.append((name, slot))
            return name
        if slot == "W":
            if rng.random() < 0.5:
                return ""
            kind = rng.choice(["DATE", "DATE", "TIME"])
            name = _SLOTS[kind](rng)
            found.append((name, kind))
            return name
        if slot == "B":
            text, _ = predicates.business(rng)
            return text
        table = {
            "T": w.TITLE,
            "S": w.VERB_SAY,
            "X": _TOPICS,
            "E": _EVENTS,
            "A": _ACCIDENTS,
            "F": _FACILITIES,
            "C": _CRIMES,
        }
        return rng.choice(table[slot])

    parts = []
    for _ in range(rng.choice([1, 1, 1, 2, 2, 3])):
        if rng.random() < 0.1:
            parts.append(rng.choice(_PLAIN + o.NEUTRAL))
            continue
        parts.append(_SLOT.sub(fill, rng.choice(frames)))
    text = parts[0].lstrip("，")
    for part in parts[1:]:
        text += rng.choice(["，", "。", "；", "，", "，隨後", "。此外，", "，而"]) + part
    return text + rng.choice(["。", "。", ""]), found


def _unambiguous(text: str, found: list[tuple[str, str]]) -> bool:
    """True when each entity occurs once and none hides inside another."""
    return all(text.count(name) == 1 for name, _ in found)


def _clear_sentence(rng: random.Random, frames: list[str]) -> Report:
    text, found = sentence(rng, frames)
    while not _unambiguous(text, found):
        text, found = sentence(rng, frames)
    return text, found


def ner(
    rng: random.Random, frames: list[str] = FRAMES, make: Callable[[random.Random], Report] | None = None
) -> Example:
    """Extraction as a JSON list. `make` replaces the sentences from `frames` by texts of another grammar."""
    types = dict(rng.choice(_TYPE_SETS))
    if rng.random() < 0.35:
        kept = rng.sample(sorted(types), rng.randint(1, len(types)))
        types = {kind: name for kind, name in types.items() if kind in kept}
    elif len(types) > 3 and rng.random() < 0.4:
        types = {kind: types[kind] for kind in ("PER", "LOC", "ORG")}
    order = rng.sample(sorted(types), len(types)) if rng.random() < 0.5 else list(types)
    listed = [types[kind] for kind in order]
    if rng.random() < 0.35:
        listed = [
            f"{types[kind]}{rng.choice(['：', '（', ' = '])}{_MEANING[kind]}".replace(
                "（" + _MEANING[kind], f"（{_MEANING[kind]}）"
            )
            for kind in order
        ]
    keys = rng.choice(
        [
            ("text", "label"),
            ("text", "label"),
            ("text", "label"),
            ("text", "type"),
            ("entity", "type"),
            ("name", "label"),
            ("entity", "label"),
        ]
    )
    shape = dumps([{keys[0]: rng.choice(["…", "實體文字", "..."]), keys[1]: rng.choice(["…", "類型", listed[0][:12]])}])
    head = rng.choice(["類型：", "實體類型：", "Types: ", "標籤：", "类型："])
    pieces = [
        rng.choice(_ASK),
        head + rng.choice(["、", "，", ", ", "\n", "；"]).join(listed) + rng.choice(["。", "\n"]),
    ]
    pieces += [
        rng.choice(_ORDER),
        rng.choice(
            [
                "以 JSON 陣列回答，格式：",
                "輸出格式：",
                "Answer with a JSON array: ",
                "只輸出 JSON：",
                "输出 JSON 数组：",
            ]
        )
        + shape
        + rng.choice(["。", "\n", ""]),
    ]
    pieces.append(rng.choice(_NONE))
    as_object = rng.random()
    if as_object < 0.06:
        pieces.append('結果放在 {"entities": […]} 中。')
    elif as_object < 0.12:
        pieces[3] = f"輸出 JSON 物件，每個類型一個陣列：{dumps({types[kind]: ['…'] for kind in order})}"
    form = rng.choice(_USER)
    turns = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        text, found = make(rng) if make else _clear_sentence(rng, frames)
        gold = [{keys[0]: name, keys[1]: types[kind]} for name, kind in found if kind in types]
        answer: object = gold
        if as_object < 0.06:
            answer = {"entities": gold}
        elif as_object < 0.12:
            answer = {types[kind]: [name for name, k in found if k == kind] for kind in order}
        turns.append((form.replace("{t}", text), dumps(answer)))
    return Example("".join(pieces).strip(), tuple(turns), "ner")


#: Characters that composed names draw on.
_NAME_CHARACTERS = set(w.GIVEN + w.COMPANY + w.PLACE_CHARS + w.SYLLABLES)


def rare_names(rng: random.Random) -> Example:
    """Extraction of names written with characters that hardly ever meet: they can only be copied, never guessed."""
    example = ner(rng, MORE_FRAMES)
    answers = "".join(answer for _, answer in example.turns)
    common = sorted(_NAME_CHARACTERS.intersection(answers).difference(example.system))
    swap = {ord(c): copying.han(rng, 1, 1) for c in common if rng.random() < 0.6}
    turns = tuple((user.translate(swap), answer.translate(swap)) for user, answer in example.turns)
    return Example(example.system, turns, example.skill)


def type_of(rng: random.Random) -> Example:
    """The sort of a single name, in its sentence or alone: what extraction needs to know."""
    types = rng.choice(_TYPE_SETS)
    text, found = sentence(rng)
    wanted = [(name, kind) for name, kind in found if kind in types]
    turns: list[tuple[str, str]] = []
    for name, kind in wanted[:4]:
        ask = rng.choice([f"「{name}」是什麼類型？", f"{name}屬於哪一類？", f"實體：{name}"])
        turns.append((f"{text}\n{ask}" if not turns else ask, types[kind]))
    for kind in rng.choices(sorted(types), k=2 if turns else 4):
        name = _SLOTS[kind](rng)
        turns.append((f"「{name}」是什麼類型？", types[kind]))
    return Example(f"判斷實體類型。類型：{'、'.join(types.values())}", tuple(turns), "type_of")


def ask_one_kind(rng: random.Random) -> Example:
    """Questions about a sentence: which people, which places, how many."""
    text, found = sentence(rng)
    turns: list[tuple[str, str]] = []
    for kind in rng.sample(["PER", "LOC", "ORG", "DATE"], rng.randint(1, 3)):
        word = {"PER": "人名", "LOC": "地名", "ORG": "組織", "DATE": "日期"}[kind]
        hits = [name for name, k in found if k == kind]
        ask = rng.choice([f"文中有哪些{word}？", f"列出{word}", f"找出所有{word}"])
        turns.append((f"{text}\n{ask}" if not turns else ask, "、".join(hits) or "無"))
    return Example(
        rng.choice(["用頓號分隔，沒有則回答無。", "依文字回答，多個以、分隔；沒有就回答無。"]),
        tuple(turns),
        "ask_one_kind",
    )
