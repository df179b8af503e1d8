# ruff: noqa: E501 (phrases read best as long lines)
"""Rows for the fine-tuning probe, in words that pretraining does not use: frames and predicates of its own, fresh names.

Train and test differ from each other too: disjoint predicates, frames and names.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from . import names
from .example import dumps
from .splitting import phrases


@dataclass(frozen=True)
class Row:
    """One labelled row: system, user, gold answer."""

    system: str
    user: str
    answer: str


LABELS = ("正面", "負面", "中立")
_TRAIN = (
    "訂價能力轉強;本益比獲重新評價;擠下龍頭奪得訂單王;海外據點開始賺錢;法說會釋出樂觀訊號;電動車業務放量;產線自動化省下大筆開銷;與車廠簽下五年供貨約;存股族瘋搶;每股賺贏去年全年;"
    "財務長看旺下半年;呆料去化順利;殖利率勝過定存;搭上人工智慧列車;海運報價走強受惠;連鎖門市開出紅盤;毛利重返四成;新藥授權金入帳;自由現金轉正;客戶拉貨積極",
    "工程款收不回來;庫藏股護盤失靈;旗艦店黯然熄燈;客戶轉單對手;股票質押遭斷頭;被控浮報營收;新廠延宕燒錢;毛利跌破保本點;會計師拒簽財報;大股東倒貨;"
    "債主上門討債;藥證遭駁回;電池起火事件擴大;訂單遞延到明年;淡季更淡;接連踩到地雷股;股民血本無歸;遭歐盟課徵反傾銷稅;連續跳票;良率卡關",
    "預告下月除權;換發識別證;將開放線上投票;董事補選一席;調整會計科目名稱;召開例行產銷會議;遞補獨立董事;製程說明上架官網;發言體系輪調;遷址至隔壁大樓;"
    "說明股務代理變更;受邀演講;預定年底盤點;提供媒體參觀日;重申既有指引;資料室開放查閱;登記資本不變;簽證機構輪替;公告庫房地址;安排投資人電話會議",
)
_TEST = (
    "在手合約滿到後年;躋身藍籌股之列;賣廠入帳賺一票;客戶加價搶料;高階產品供貨吃緊價格看漲;獲主權基金入股;淨值大增;股息連年加碼;奪下千億標案;旺季效應超乎想像;成本結構大幅改善;通路商搶著鋪貨",
    "股票打入冷宮;遭供應商斷料;面臨集體訴訟;現金見底;被迫賤賣資產;新機滯銷;帳上虧掉半個股本;遭評等機構列入負面觀察;總座閃辭震撼市場;良品率慘跌;門市一家接一家收掉;遭空頭機構狙擊",
    "本週五補發會議紀錄;訂於十月換發憑證;更新股東名冊;完成年度會計師輪替;辦公室將遷往十樓;發布永續報告書時程;例行揭露持股異動;排定下季法說時間;與往例相同辦理抽籤;增列英文版公告;說明代理發言人職務;提交例行備查文件",
)
_FRAMES_TRAIN = [
    "{a}{x}，{b}{y}。",
    "盤後消息：{a}{x}；{b}{y}。",
    "{b}{y}，同產業的{a}{x}。",
    "{a}{x}。另據報載，{b}{y}。",
    "雖然{b}{y}，{a}{x}。",
    "市場焦點在{a}，{x}；{b}部分，{y}。",
]
_FRAMES_TEST = [
    "研究員指出{a}{x}，至於同業{b}{y}。",
    "先看{b}，{y}；再看{a}，{x}。",
    "【快訊】{a}{x}／{b}{y}",
    "{b}那邊{y}，而{a}這頭{x}。",
]
_SYSTEM = (
    '你是財經輿情分析員。判斷文本對指定實體的情感傾向。\n標籤：正面、負面、中立。\n輸出 JSON：{"sentiment": "標籤"}'
)


def entity_sentiment(count: int, test: bool, seed: int) -> list[Row]:
    """Two companies per text, one is asked about."""
    rng = random.Random(f"probe/{test}/{seed}")
    banks = [block.split(";") for block in (_TEST if test else _TRAIN)]
    rows = []
    for i in range(count):
        gold = i % 3
        other = rng.randrange(3)
        first, second = names.company(rng), names.company(rng)
        text = rng.choice(_FRAMES_TEST if test else _FRAMES_TRAIN).format(
            a=first, x=rng.choice(banks[gold]), b=second, y=rng.choice(banks[other])
        )
        rows.append(
            Row(_SYSTEM, f"分析以下文本對「{first}」的情感傾向。\n文本：{text}", dumps({"sentiment": LABELS[gold]}))
        )
    return rows


_NER_TRAIN = phrases("""
{o}創辦人{p}昨晚現身{l}街頭|在{l}經營民宿的{p}接到{o}來電|{p}代表{o}赴{l}簽約|{o}進駐{l}，由{p}操盤|{p}讚{l}風光好|{o}聲明與{p}無關|{l}議會邀{o}說明|{p}告別{o}
{p}和{p}在{l}合開餐廳|{o}與{o}聯手進軍{l}|退休後的{p}搬到{l}|{o}今在{l}招考|{p}遭{o}解聘|從{l}到{l}都買得到{o}的貨|球評{p}看好{o}|物價又漲了|開會時間未定
""")
_NER_TEST = phrases("""
{p}談到在{o}的日子|{o}把研發重心移往{l}|{l}旅客抱怨{o}服務|{p}偕同{p}走訪{l}|{o}新任舵手{p}來自{l}|{l}車禍，{p}送醫|{o}併{o}案過關|{p}寄給{o}的信遭退回|今天心情普通
""")
_NER_SYSTEM = '從新聞句子抽取命名實體。類型：PER（人名）、LOC（地名）、ORG（組織）。\n依出現順序輸出 JSON 陣列：[{"text": "實體", "label": "類型"}]，沒有實體則輸出 []。'


def ner(count: int, test: bool, seed: int) -> list[Row]:
    """Sentences with people, places and organisations."""
    rng = random.Random(f"probe-ner/{test}/{seed}")
    makers = {"p": ("PER", names.person), "l": ("LOC", names.place), "o": ("ORG", names.organisation)}
    rows = []
    for _ in range(count):
        frame = rng.choice(_NER_TEST if test else _NER_TRAIN)
        found: list[dict[str, str]] = []
        text = ""
        while "{" in frame:
            before, _, rest = frame.partition("{")
            label, maker = makers[rest[0]]
            name = maker(rng)
            found.append({"text": name, "label": label})
            text, frame = text + before + name, rest[2:]
        rows.append(Row(_NER_SYSTEM, text + frame + "。", dumps(found)))
    return rows
