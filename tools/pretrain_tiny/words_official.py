"""Matters of official correspondence: one official frame each, several spoken ones with the same slots. Our own lists.

A matter is two lines: the official body with its closing after the last comma, then the spoken frames.
"""

from __future__ import annotations

import re

from .splitting import phrases, words

MATTERS = """
檢送{event}之{doc}1份，請查照
{event}的{doc}寄一份給你們了|給你們一份{event}的{doc}，收一下|{doc}在這裡，是{event}用的，寄過去給你們看|{event}那個{doc}已經寄出去囉|有關{event}，{doc}我們附在信裡一份，知道一下就好
{we}訂於{date}{time}假{place}辦理{event}，請查照轉知
{date}{time}{we}要在{place}辦{event}，幫忙跟大家講一聲|{event}是{date}{time}，地點在{place}，是{we}辦的，麻煩轉告大家|跟同仁說一下，{we}{date}{time}在{place}有{event}|{place}{date}{time}有{event}，主辦是{we}，請你們幫忙通知底下的人|大家知道嗎？{we}辦的{event}在{place}，{date}{time}開始，幫忙傳一下
擬向{you}借用{place}辦理{event}，使用日期為{date}，請惠予同意
{date}我們想辦{event}，可以跟{you}借{place}嗎|{you}的{place}能不能借我們？{date}要辦{event}|想借{place}，{event}要用，日子是{date}，不知道{you}肯不肯|{event}找不到場地，{you}的{place}{date}借一下可以嗎|拜託{you}答應，{date}把{place}借給我們辦{event}
請{you}於{date}前繳交{doc}，請查照辦理
{doc}請{you}{date}以前交過來|{you}的{doc}到現在還沒交，{date}前一定要給|{date}前要收齊{doc}，{you}記得交|叫{you}快點交{doc}，期限是{date}|{doc}最晚{date}，請{you}照時間交
{person}因{reason}，擬於{date}請假{span}，敬請鑒核
{person}{date}想請{span}的假，因為{reason}，請長官看看|報告長官，因為{reason}，{person}{date}要請假{span}|{person}要請{span}假，{date}開始，原因是{reason}，請您批|主管您好，{date}可以讓{person}休{span}嗎？因為{reason}|{reason}，所以{person}{date}得請假{span}，請上面准一下
{we}擬購置{thing}{qty}，所需經費{money}，敬請鑒核
{we}想買{thing}{qty}，要花{money}，請長官批准|報告長官，{thing}不夠用了，{we}要買{qty}，總共{money}|買{qty}{thing}要{money}，{we}想請您核一下|{money}可以買{thing}{qty}，{we}想買，請上面決定|主任，{we}要添購{qty}的{thing}，預算抓{money}，可以嗎
{place}之{thing}業已損壞，請{you}儘速派員修繕，請查照辦理
{place}的{thing}壞掉了，{you}快派人來修|{thing}不能用了啦，就在{place}，{you}什麼時候要來修|叫{you}趕快修{place}的{thing}，已經壞了|{you}拜託來修一下，{place}那邊的{thing}壞了|{place}{thing}又壞了，請{you}趕緊叫人處理
原訂{date}辦理之{event}因{reason}取消，請查照轉知
{date}的{event}不辦了，因為{reason}，跟大家說一下|因為{reason}，{event}取消了，本來是{date}，請轉告大家|{event}{date}那場取消喔，原因是{reason}，幫忙通知|跟底下的人講，{reason}，{date}那個{event}不用來了|不好意思，{reason}，所以{date}要辦的{event}取消，大家互相通知一下
{event}因{reason}，改期至{date}辦理，請查照轉知
因為{reason}，{event}改到{date}，幫忙跟大家說|{event}延到{date}了啦，因為{reason}，請通知大家|{date}才辦{event}，{reason}的關係，麻煩轉告|跟大家講一下{event}改時間，新的日期是{date}，因為{reason}|本來要辦的{event}，{reason}，只好改成{date}，請互相轉告
{event}地點變更為{place}，時間不變，請查照轉知
{event}換地方了，改在{place}，時間一樣，幫忙通知|跟大家說，{event}改去{place}，時間沒變|{place}才是{event}的新地點喔，時間照舊，轉告一下|不要跑錯，{event}移到{place}辦，時間不改，請跟同仁講|{event}場地改成{place}了，時間照原本的，請大家互相告知
敬邀{you}派員{count}參加{date}於{place}舉行之{event}，請查照
{date}在{place}有{event}，請{you}派{count}來參加|想請{you}來{count}，{event}在{place}，{date}|{event}邀請{you}，來{count}就好，地點{place}，日期{date}|{you}可以派{count}來嗎？{place}{date}有{event}|{place}的{event}歡迎{you}來，{date}，名額{count}
檢陳{event}之{doc}，敬請鑒核
長官，{event}的{doc}做好了，給您看|{event}辦完了，{doc}送上去請您看一下|報告，這是{event}的{doc}，請長官過目|{doc}寫好了，是{event}的，呈給您批|請上面看看{event}這份{doc}可不可以
有關{you}申請{thing}一案，因{reason}，礙難照辦，請查照
{you}要的{thing}沒辦法給，因為{reason}|抱歉，{reason}，{you}申請{thing}的事我們做不到|{thing}的申請不行啦，{reason}，請{you}了解|跟{you}說一聲，{thing}這件事不能答應，因為{reason}|{you}說想要{thing}，可是{reason}，只好拒絕
承蒙{you}協助{event}，謹致謝忱，請查照
謝謝{you}幫忙{event}|{event}多虧有{you}幫忙，感謝|多謝{you}，{event}才能順利|{you}這次幫了{event}很多，我們很感謝|感謝{you}對{event}的支持和幫忙
前送{doc}之{part}誤植，更正為{value}，請查照
之前給你們的{doc}，{part}寫錯了，應該是{value}|{doc}裡面{part}打錯，改成{value}|更正一下，{part}是{value}才對，上次的{doc}寫錯|不好意思，{doc}的{part}有錯，正確是{value}|{part}請改成{value}，我們{doc}寫錯了
{person}陳情{issue}一案，因屬{you}權責，移請{you}處理，請查照辦理
{person}抱怨{issue}，這是{you}管的，請{you}處理|{issue}的事{person}來投訴，歸{you}管，轉給{you}辦|這件是{you}的業務，{person}說{issue}，交給{you}處理|轉一個案子給{you}：{person}反映{issue}，這是{you}管的，請{you}辦一下|{person}打電話來說{issue}，我們管不到，是{you}的事，麻煩{you}辦
檢送{date}{event}會議紀錄，請查照辦理
{date}開的{event}，會議紀錄寄給你們，照上面做|{event}的會議紀錄好了，{date}那次的，請照著辦|給你們{date}{event}的開會紀錄，該做的要做喔|會議紀錄來了，是{event}，{date}開的，請照決議去辦|請按照{date}{event}的會議紀錄辦事，紀錄附上
{we}訂於{date}{time}召開{event}籌備會議，請{you}派員出席，請查照
{date}{time}{we}要開{event}的籌備會，{you}記得派人來|{event}要先開會，{we}約{date}{time}，請{you}派人|請{you}的人{date}{time}來{we}開{event}籌備會議|{you}要派人來開會喔，{we}{date}{time}討論{event}怎麼籌備|{we}找{you}一起開{event}籌備會議，時間是{date}{time}，派個人來
{we}公開徵求{post}{count}，報名至{date}止，請查照轉知
{we}要找{post}{count}，{date}以前報名，幫忙跟大家說|{we}在徵{post}，缺{count}，報名到{date}，請幫忙宣傳|有沒有人想當{post}？{we}要{count}，{date}截止，幫忙傳一下|{post}缺{count}，{we}開放報名到{date}，麻煩告訴大家|跟大家講，{we}應徵{post}的報名{date}結束，要{count}
為瞭解{issue}情形，請{you}填復{doc}，並於{date}前送回，請查照辦理
我們想知道{issue}的狀況，請{you}填{doc}，{date}前寄回來|{doc}麻煩{you}填一下，{date}前給我們，要了解{issue}|{you}幫忙填{doc}好嗎？是問{issue}的，{date}以前交|{date}前把{doc}填好送回來，{you}那邊{issue}怎樣我們要知道|關於{issue}要做調查，請{you}填好{doc}，最晚{date}寄回
{we}將於{date}派員至{place}檢查{thing}，請{you}配合辦理，請查照辦理
{date}{we}會派人去{place}檢查{thing}，{you}要配合|{you}注意，{we}{date}要到{place}檢查{thing}，請配合|{we}的人{date}會去看{place}的{thing}，請{you}幫忙配合|{place}的{thing}要檢查了，{we}{date}去，{you}配合一下|檢查{thing}的日子是{date}，地點{place}，由{we}派人，{you}要好好配合
擬向{you}借用{thing}{qty}，期間{span}，請惠予同意
可以跟{you}借{thing}{qty}嗎？用{span}就還|我們想借{qty}{thing}，借{span}，{you}答應嗎|{you}有{thing}吧，借{qty}給我們{span}好不好|{thing}不夠，想跟{you}借{qty}，{span}後還|借{span}就好，{you}能不能借我們{thing}{qty}
{person}參加{event}榮獲{prize}，請予公開表揚，請查照辦理
{person}在{event}拿到{prize}，請公開表揚他|恭喜{person}，{event}得了{prize}，你們要表揚一下|{event}的{prize}是{person}，請你們辦表揚|{prize}得主是{person}，比的是{event}，記得公開表揚|{person}很厲害，{event}得{prize}，請安排公開表揚
{event}研習課程訂於{date}辦理，名額{count}，請查照轉知
{date}有{event}的研習課，收{count}，跟大家講一下|想上{event}研習的，{date}開課，只收{count}，幫忙轉告|{event}要開研習課，{count}，時間{date}，請通知大家|研習課{event}在{date}，{count}額滿，麻煩告訴同仁|跟同事說，{event}的課{date}上，名額有{count}
{event}所需經費{money}，擬由{fund}支應，敬請鑒核
{event}要{money}，想用{fund}付，請長官核准|報告長官，{event}的錢{money}打算從{fund}出|{fund}出{money}給{event}用，請您批一下|長官，{money}可以從{fund}拿嗎？是{event}要用的|辦{event}要花{money}，{fund}來付，請上面看看
請{you}補助{event}經費{money}，請惠予同意
辦{event}錢不夠，{you}可以補助{money}嗎|想請{you}補助{money}，我們要辦{event}|{event}需要{money}，拜託{you}補助一下，答應我們吧|{you}能不能給{money}？{event}用的，希望補助|跟{you}申請補助{money}，用在{event}，請答應
{you}應於{date}前繳納{item}{money}，逾期依規定辦理，請查照辦理
{you}的{item}{money}，{date}前要繳，過期就照規定|{item}還沒繳喔，{money}，{you}{date}以前要付，不然照規定辦|{date}前{you}要付{item}，總共{money}，超過就照規定處理|叫{you}繳{item}，一共{money}，期限{date}，過了照規定來|{money}是{you}要繳的{item}，{date}到期，超過時間就照規定
{person}自{date}起調任{post}，所遺業務由{person2}接辦，請查照
{person}{date}開始當{post}，原本的工作給{person2}做|{date}起{person}調去做{post}，他的事情換{person2}接|換人囉，{person}去當{post}，{date}開始，工作交給{person2}|{person2}會接{person}的工作，因為{person}{date}起調任{post}|以後業務找{person2}，{person}從{date}開始調去當{post}了
{person}業務移交清冊計{qty2}，業經點收完竣，敬請鑒核
長官，{person}交接的清冊{qty2}都點完收好了|報告，{person}的移交清冊有{qty2}，已經點收了，請您看|{person}交接好了，清冊{qty2}全部點收，請長官過目|移交清冊{qty2}點好了，是{person}的，呈給您看|{qty2}移交清冊都收到也點過了，{person}那邊交接完成，請上面看一下
{you}申請{doc}一案，同意辦理，請查照
{you}申請{doc}的事我們同意了|{doc}可以給{you}辦，我們答應|好，{you}要辦{doc}，沒問題|跟{you}說，{doc}的申請過了|同意{you}申請的{doc}，知道一下
{you}所送{doc}尚缺{part}，請於{date}前補正，請查照辦理
{you}送來的{doc}少了{part}，{date}前補|{doc}沒有{part}，請{you}{date}以前補上|{part}沒附到啦，{you}的{doc}要補，{date}前|{date}前請{you}補{part}，不然{doc}不完整|{you}的{doc}漏掉{part}了，最晚{date}補來
{place}自{date}起停止開放{span}，請查照轉知
{place}{date}開始關{span}，跟大家說|{date}起{place}不開放，要{span}，幫忙通知|{place}要關{span}喔，從{date}開始，請轉告大家|大家注意，{place}從{date}起{span}不能進去，幫忙講一下|跟大家講，{span}不能用{place}，{date}起算
{place}將於{date}{time}停水，請預為準備，請查照轉知
{place}{date}{time}會停水，叫大家先準備|{date}{time}要停水，在{place}，幫忙通知先準備|停水囉，{place}，{date}{time}，請轉告大家先存水準備|跟住戶說{place}要停水，{date}{time}開始，先準備好|{date}{time}{place}沒水，請大家事先準備，互相轉告
{place}因{reason}施作工程，自{date}起封閉，請查照轉知
因為{reason}要施工，{place}{date}開始封起來，跟大家說|{place}封路，{date}起，因為{reason}要做工程，幫忙通知|{date}開始{place}不能過，{reason}要施工，轉告大家|{reason}，{place}要動工，{date}起封閉，請大家告訴大家|跟大家講，{place}從{date}封閉施工，原因是{reason}
檢送{thing}使用須知，請確實遵守，請查照轉知
{thing}的使用須知給你們，叫大家要遵守|用{thing}要照須知，須知附上，請跟大家講要遵守|這是{thing}使用須知，請轉告大家一定要守|大家用{thing}都不守規矩，須知寄給你們，請轉告要遵守|{thing}怎麼用都寫在須知裡了，要確實遵守，幫忙講
{thing}業於{date}送達，計{qty}，業經驗收合格，敬請鑒核
{thing}{date}送到了，{qty}，驗收都合格，請長官看|報告，{qty}的{thing}{date}到貨，驗收沒問題|長官，{date}來的{thing}有{qty}，都驗過合格了|{date}收到{thing}{qty}，已經驗收合格，呈給您看|買的{thing}到了，{date}送來{qty}，檢查合格，請上面過目
{you}交付之{thing}{qty}與契約不符，請於{date}前更換，請查照辦理
{you}送來的{thing}{qty}跟合約不一樣，{date}前換掉|{thing}有{qty}不對，跟合約寫的不同，{you}{date}前要換|{qty}{thing}不符合約，叫{you}{date}以前換|{you}怎麼搞的，{thing}{qty}跟合約不合，{date}前請換好|{date}以前{you}要換{thing}，{qty}，因為和合約不符
{person}申請{item}一案，業經審查通過，核發{money}，請查照
{person}申請的{item}過了，會發{money}|{item}審過了，給{person}{money}|恭喜{person}，{item}通過，可以拿{money}|審查通過，{money}的{item}發給{person}|跟{person}講{item}已經審完通過，發{money}
{person}申請{item}一案，因{reason}，未予核准，請查照
{person}申請{item}沒過，因為{reason}|{item}不能給{person}，{reason}|因為{reason}，{person}的{item}沒有核准|抱歉，{person}要申請{item}，但是{reason}，沒通過|跟{person}說{item}沒准，原因是{reason}
為辦理{event}，擬請{you}支援{thing}{qty}，請惠予同意
要辦{event}，{you}可以支援{thing}{qty}嗎|{event}缺{thing}，想請{you}支援{qty}，拜託答應|{you}能支援{qty}{thing}給{event}嗎|{thing}{qty}，請{you}支援一下{event}好嗎|我們辦{event}，希望{you}給{thing}{qty}支援，請答應
為辦理{event}，擬請{you}同意{person}擔任{role}，請惠予同意
{event}想請{you}的{person}來當{role}，可以嗎|{you}可以讓{person}當{event}的{role}嗎|想找{person}做{role}，辦{event}用，請{you}答應|辦{event}要{role}，{person}最適合，{you}肯讓他來嗎|拜託{you}同意，讓{person}來{event}當{role}
擬於{date}率{count}至{you}參訪{thing}，請惠予同意
{date}想帶{count}去{you}參觀{thing}，可以嗎|我們有{count}要去{you}看{thing}，{date}方便嗎|{you}的{thing}能讓我們參觀嗎？{count}，{date}去|參觀{thing}，{date}，{count}，請{you}答應|{count}{date}想到{you}參訪{thing}，拜託同意
{you}{number}函收悉，所詢{issue}一節，復如說明，請查照
{you}的{number}信收到了，問{issue}的，回答寫在說明裡|收到{you}{number}的來信，{issue}的問題我們回在說明|{number}那封收到了，{you}問{issue}，答案看說明|回{you}，{number}的信看到了，{issue}請看說明|{you}寄{number}來問{issue}，我們收到也回了，在說明裡
{we}{number}函諒達，請{you}儘速惠復，請查照辦理
{we}之前寄{number}給{you}應該收到了，快點回|{number}你們看到了吧，{we}在等{you}回信，快一點|{you}怎麼還不回{we}{number}的信，趕快回|催一下{you}，{we}的{number}快回覆|{we}早就發{number}過去了，請{you}快回
{issue}日益嚴重，請{you}加強稽查，請查照辦理
{issue}越來越嚴重，{you}要多抓|{you}管一下好嗎，{issue}愈來愈誇張，加強檢查|叫{you}加強稽查，因為{issue}越來越嚴重|最近{issue}很嚴重，請{you}多去查|{issue}一天比一天糟，拜託{you}加強取締檢查
請{you}於{date}前清除{place}之{thing2}，以維環境整潔，請查照辦理
{place}的{thing2}請{you}{date}前清掉，環境要乾淨|{thing2}堆在{place}很髒，{you}{date}以前清|{date}前{you}要把{thing2}從{place}清走，環境才乾淨|{you}快清{place}那些{thing2}，最慢{date}，弄乾淨|為了環境整潔，{place}的{thing2}{date}前請{you}處理掉
{person}於{place}拾獲{thing}，請失主於{date}前至{we}認領，請查照轉知
{person}在{place}撿到{thing}，失主{date}前來{we}領，幫忙講|誰掉了{thing}？{person}在{place}撿到的，{date}前到{we}領，請轉告|{thing}掉在{place}被{person}撿到，東西主人{date}前來{we}拿，通知大家|到{we}領{thing}，{date}前，{person}在{place}撿的，幫忙傳|跟大家說，{place}撿到{thing}，是{person}撿的，失主請{date}前來{we}認領
{event}志工{count}，每日工作{hours}，請鼓勵所屬踴躍報名，請查照轉知
{event}要志工{count}，一天做{hours}，請大家多報名，幫忙說|幫忙宣傳，{event}找{count}當志工，每天{hours}|誰要當{event}志工？要{count}，每天{hours}，叫大家來報名|{count}志工，{event}用的，每天{hours}，請鼓勵大家參加並轉告|跟底下的人說，{event}缺志工{count}，每天做{hours}，多多報名
{place}{thing}使用期限將屆，擬予汰換，所需經費{money}，敬請鑒核
{place}的{thing}快到期了，想換新，要{money}，請長官看|報告，{place}{thing}太老要換，{money}|{thing}在{place}的那些該換了，使用年限快到，預算{money}，請您批|長官，換{place}的{thing}要{money}，因為期限快到了|要{money}換掉{place}的{thing}，快過期了，請上面同意
{thing}因{reason}毀損，擬辦理報廢，計{qty}，敬請鑒核
{thing}因為{reason}壞了，{qty}要報廢，請長官批|報告長官，{qty}{thing}想報廢，{reason}弄壞的|{reason}把{thing}弄壞，總共{qty}，想報廢，請您看|長官，可以報廢{thing}嗎？{qty}，因為{reason}毀掉|想報廢{qty}的{thing}，原因是{reason}，請上面核
擬延長{doc}繳交期限至{date}，請惠予同意
{doc}可以晚點交嗎？想延到{date}|拜託讓我們{date}再交{doc}|{doc}來不及，能不能延到{date}，請答應|想請你們同意，{doc}交的時間延到{date}|寬限一下，{date}才能交{doc}，好嗎
{doc}繳交期限延長至{date}，請查照轉知
{doc}可以延到{date}交，跟大家講|告訴大家，{doc}的期限延到{date}了|{date}前交{doc}就行，時間延長了，幫忙通知|好消息，交{doc}的時間延到{date}，請轉告|{doc}不急了，延長到{date}，麻煩跟同仁說
{you}函請變更{event}日期為{date}一案，同意照辦，請查照
{you}說{event}要改{date}，可以，我們同意|{event}改成{date}沒問題，回{you}一聲|好，就照{you}講的，{date}辦{event}|{you}想把{event}換到{date}，我們答應了|同意{you}，{event}的日子改為{date}
{we}員工{person}於{date}退休，訂於{place}舉辦歡送茶會，請查照轉知
{person}{date}從{we}退休，歡送茶會在{place}，跟大家說|{we}的{person}要退休了，{date}，在{place}有歡送茶會，幫忙通知|歡送{person}的茶會在{place}，他{date}從{we}退休，請轉告|跟同仁講，{we}{person}{date}退休，茶會辦在{place}|{place}有茶會喔，歡送{we}的{person}，{date}退休，大家告訴大家
{person}因公至{place}出差{span}，所需旅費{money}，敬請鑒核
{person}要去{place}出差{span}，旅費{money}，請長官准|報告，{person}出差{place}，{span}，花{money}|長官，{money}是{person}去{place}出差{span}的旅費，請批|去{place}出差的是{person}，要{span}，旅費抓{money}，請您看|{place}出差{span}，{person}去，需要{money}，請上面核一下
{event}報名人數已達{count}，爰提前截止，請查照轉知
{event}已經有{count}報名，提早截止，跟大家講|{count}報{event}，滿了，所以先關報名，幫忙通知|因為{event}報了{count}，提前結束報名，請轉告|不能再報{event}了，已經{count}，提早截止，請大家知道|跟大家說聲，{event}報名到{count}了，不收了提前截止
{event}參加人數不足{count}，爰停止辦理，請查照轉知
{event}報名不到{count}，不辦了，跟大家說|不到{count}，{event}只好停辦，請通知大家|{event}人太少，沒有{count}，停了，幫忙轉告|因為{event}湊不到{count}，所以不辦，請跟同仁講|沒{count}參加，{event}取消不辦了，麻煩通知
{we}總機號碼自{date}起變更為{phone}，請查照
{we}的電話{date}開始換成{phone}|{date}起打給{we}要打{phone}|新電話{phone}，{we}{date}開始用|{we}換電話囉，{phone}，從{date}起|跟你們說，{date}以後{we}總機改{phone}
{we}自{date}起遷移至{place}辦公，請查照轉知
{we}{date}要搬到{place}上班，跟大家說|{date}起{we}搬去{place}了，幫忙轉告|要找{we}請到{place}，{date}開始，請通知大家|{we}搬家了啦，新地方{place}，{date}起，麻煩大家傳一下|以後{we}在{place}，從{date}算起，請告訴大家
{we}上班時間自{date}起調整為{time}，請查照轉知
{we}{date}開始改成{time}上班，跟大家說|{date}起{we}上班時間是{time}，幫忙通知|上班改{time}，{we}從{date}起，請轉告|{time}上班喔，{we}{date}改的，大家講一下|告訴大家{we}調整上班時間，{date}起{time}
{you}捐贈{thing}{qty}，嘉惠{we}，謹致謝忱，請查照
謝謝{you}送{thing}{qty}給{we}|{we}收到{you}捐的{qty}{thing}，很感謝|{thing}{qty}是{you}捐給{we}的，多謝|感謝{you}捐{thing}，{qty}，{we}受惠很多|多虧{you}，捐了{qty}的{thing}，{we}說謝謝
{you}承攬之{work}進度落後，請於{date}前趕上，請查照辦理
{you}做的{work}太慢了，{date}前要趕上|{work}落後很多，請{you}{date}以前追上進度|叫{you}趕工，{work}{date}前要補回進度|{date}前{you}把{work}進度趕上來|怎麼{work}做這麼慢，{you}{date}前要跟上
{you}承攬之{work}業已完工，訂於{date}{time}辦理驗收，請查照
{you}的{work}做完了，{date}{time}驗收|{work}完工囉，{you}{date}{time}來驗收|{date}{time}驗收{work}，是{you}做的，已經完工|跟{you}約{date}{time}驗收做好的{work}|{you}把{work}做好了，我們{date}{time}要驗
{we}擬委託{you}辦理{work}，經費{money}，請惠予同意
{we}想請{you}做{work}，給{money}，可以嗎|{work}可以交給{you}嗎？{we}付{money}|{we}出{money}，想委託{you}{work}，答應嗎|拜託{you}幫{we}做{work}，錢是{money}|{you}願不願意接{work}，{we}的預算{money}
{work}決標金額{money}，由{you}承作，請查照
{work}是{you}得標，{money}|{money}決標，{you}來做{work}|恭喜{you}標到{work}，金額{money}|{work}開標結果，{you}，{money}|跟你們說{work}由{you}做，標下的錢是{money}
檢送{you}{item}收據{qty2}，金額{money}，請查照
{you}的{item}收據{qty2}寄過去了，{money}|{money}的收據{qty2}給{you}，是{item}|{item}收據在這，{qty2}，共{money}，{you}收一下|寄給{you}{qty2}收據，{item}{money}|{you}要的{item}收據來了，{qty2}，金額是{money}
{you}請撥{item}{money}一案，業於{date}匯入指定帳戶，請查照
{you}要的{item}{money}，{date}匯了|{item}{date}已經匯過去，{money}，{you}查一下|{money}{date}匯給{you}了，是{item}|跟{you}說，{date}把{item}匯進帳戶了，{money}|{you}請款的{item}，{money}，{date}入帳了
{date}將辦理{place}消防演練，請{you}全體人員配合疏散，請查照辦理
{place}{date}消防演練，{you}的人都要配合疏散|{date}演練消防，在{place}，{you}大家要疏散|{you}注意，{date}{place}有消防演練，要跟著疏散|消防演練{date}，{place}，叫{you}所有人配合跑出來疏散|請{you}全部的人配合，{place}{date}要做消防演練
請{you}提供{thing}相關{doc}{qty2}，俾利{event}辦理，請惠予同意
{you}可以給我們{thing}的{doc}嗎？{qty2}，辦{event}要用|{event}需要{thing}的{doc}{qty2}，拜託{you}|想跟{you}要{qty2}{doc}，跟{thing}有關的，{event}才好辦，請答應|{thing}的{doc}，{you}能給{qty2}嗎？為了{event}|辦{event}要看{thing}的{doc}，請{you}同意給{qty2}
{event}成果豐碩，參與人數達{count}，敬請鑒核
長官，{event}辦得很好，來了{count}|報告，{event}有{count}參加，成果很棒，請您看|{count}來{event}，很成功，請長官過目|{event}很成功喔，一共{count}，跟上面報告|向您報告{event}的結果，效果很好，{count}參加
{person}於{date}{event}中受傷，業已送醫，敬請鑒核
長官，{person}{date}在{event}受傷，送醫院了|報告，{date}{event}的時候{person}受傷，已經送醫|{event}出事，{person}傷到了，{date}，人已經送醫，請長官知道|{person}送醫了，{date}辦{event}受的傷，跟您報告|向長官報告，{person}在{date}的{event}受傷，人送醫院
{person}擅自使用{thing}，違反規定，請{you}依規定議處，請查照辦理
{person}偷用{thing}，違規了，請{you}照規定處罰|{you}要處罰{person}，他沒說就用{thing}，違反規定|{thing}被{person}亂用，違規，{you}照規定辦|沒經過同意就用{thing}的是{person}，違規，請{you}處分|請{you}照規定罰{person}，因為他自己拿{thing}去用
請{you}於{date}前推薦{role}{count}，請查照辦理
{you}{date}前推薦{count}當{role}|{role}要{count}，請{you}推薦，{date}前|{date}以前請{you}給{role}名單，{count}|{you}可不可以推薦{role}？{count}，{date}截止，要照辦喔|找{count}當{role}，{you}推薦一下，最晚{date}
近期{issue}頻傳，請加強宣導，請查照轉知
最近常常{issue}，跟大家宣導一下|{issue}最近很多，請多宣導，轉告大家|一直有{issue}的事，幫忙宣導給大家知道|大家要小心，{issue}很多，請加強宣導並通知|最近{issue}多到不行，請跟底下的人宣導
{we}{doc}業經核定，自{date}起實施，請查照轉知
{we}的{doc}核定了，{date}開始用，跟大家講|{date}起照{we}新的{doc}，已經核定，幫忙通知|{doc}過了，{we}{date}實施，請轉告大家|告訴大家，{we}{doc}{date}開始實施，上面核定了|新的{doc}是{we}的，已經核准，{date}上路，請傳下去
{doc}自{date}起停止適用，請查照轉知
{doc}{date}開始不用了，跟大家說|{date}起{doc}作廢，請通知大家|不要再用{doc}了，{date}起停用，轉告一下|大家注意{doc}只到{date}，之後不能用，請傳下去|幫忙講，{doc}從{date}起不適用
請{you}指派專人擔任{event}聯絡窗口，並於{date}前回復，請查照辦理
{event}要有人聯絡，{you}派一個，{date}前告訴我們|{you}指定一個{event}窗口，{date}以前回|{date}前跟我們說{you}誰負責聯絡{event}|{event}的窗口是誰？請{you}派人，{date}前回|麻煩{you}找個專人聯絡{event}，最晚{date}回我們
{you}場地{place}租金{money}，業已繳清，請查照
{you}的{place}租金{money}付完了|租{place}的{money}已經繳給{you}了|{money}付清囉，{you}{place}的場地租金|跟{you}說，{place}租金都繳了，{money}|{place}的租金，{money}，我們繳好了，請{you}知道一下
"""

EVENTS = words(
    "防災演習 家長座談會 春節聯歡晚會 校慶運動會 淨灘活動 健康檢查 流感疫苗接種 業務檢討會 年度預算審查會 新生訓練 畢業典禮 志工表揚大會 社區聯誼餐會 親子園遊會 資訊安全講習 節能減碳競賽 書法比賽 合唱比賽 籃球友誼賽 羽球錦標賽 路跑活動 單車環島 健行登山 捐血活動 二手書交換 愛心義賣 街頭藝人甄選 攝影展 美術作品展 花卉博覽會"
    " 農特產品展售會 就業博覽會 校園徵才 員工旅遊 尾牙餐會 重陽敬老活動 端午包粽比賽 中秋晚會 元宵燈會 母親節表演 兒童節嘉年華 教師節茶會 國慶升旗典禮 聖誕音樂會 跨年晚會 文化節 藝術季 電影欣賞 讀書會 故事媽媽培訓 環境教育課程 急救訓練 消防安全講座 交通安全宣導 反詐騙宣導 毒品防制宣導 長照服務說明會 都市更新說明會 道路拓寬公聽會 工程開工典禮"
    " 落成啟用典禮 揭牌儀式 簽約儀式 記者會 學術研討會 國際論壇 專家會議 招標說明會 廠商座談會 產品發表會 股東常會 理監事會議 會員大會 區權人會議 里民大會 班親會 校務會議 導師會議 課程發展會議 採購評選會 考績委員會 性別平等會議 勞資協商會議 職業安全訓練 新進人員訓練 主管研習營 領導力工作坊 公文寫作課程 簡報技巧課程 電腦技能檢定 英語演講比賽 數學競試 科學展覽會 機器人競賽 創業競賽 舊衣回收 資源回收比賽 登革熱防治 環境大掃除 植樹活動"
    " 寵物認養會 狂犬病疫苗施打 老人共餐 銀髮族體適能 瑜伽課程 太極拳表演 廟會進香 祭孔大典 聯合婚禮 成年禮 露營活動 夏令營 冬令營 交換學生計畫 實習計畫 獎學金甄選 模範生選拔 優良教師評選 績優單位評鑑 內部稽核 財產盤點 倉庫盤點 系統測試 網路維修 機房搬遷 設備展示 圖書週 客家文化日 原住民族豐年祭 龍舟競賽"
)
DOCUMENTS = words(
    "報名表 簽到簿 會議紀錄 成果報告 經費概算表 工作計畫書 年度報表 財產清冊 保險證明 同意書 切結書 委託書 契約書 估價單 驗收單 請購單 領據 發票 收據影本 存摺影本 身分證影本 戶籍謄本 良民證 健檢報告 在職證明 離職證明 學歷證件 成績單 推薦函 履歷表 設計圖 施工日誌 竣工圖說 安全檢查表 問卷調查表 意見調查表 回條 通訊錄 值班表 輪值表"
    " 課程表 活動手冊 參賽辦法 管理辦法 實施要點 作業規範 工作規則 組織章程 場地租借單 車輛派遣單 出差報告 請假單 加班申請書 考核表 稽核報告 自評表 改善計畫 環評報告 捐款明細 名冊"
)
THINGS = words(
    "投影機 麥克風 影印機 筆記型電腦 桌上型電腦 印表機 碎紙機 冷氣機 電風扇 飲水機 冰箱 微波爐 會議桌 折疊椅 白板 帳篷 音響設備 發電機 監視器 滅火器 緊急照明燈 電梯 自動門 路燈 號誌燈 反射鏡 消防栓 排水溝蓋 水龍頭 馬桶 熱水器 抽水馬達 水塔 屋頂防水層 欄杆 樓梯扶手 遊樂設施 籃球架 單槓 溜滑梯 公車候車亭 指示牌 公布欄 停車柵欄 充電樁 太陽能板 伺服器 路由器 門禁系統 打卡機"
    " 擴音器 無線電 測溫槍 血壓計 輪椅 電動床 急救箱 心臟除顫器 口罩 防護衣 雨衣 安全帽 反光背心 手電筒 沙包 掃具 垃圾子車 回收桶 公務車 接駁車 腳踏車 割草機 樂器 書架 展示櫃 舞台燈光 表演服裝 獎盃 錦旗 教材 圖書 文具"
)
WASTES = words("廢棄家具 落葉 舊輪胎 雜草 違規廣告 廢機車 碎石 積水容器 建築廢料 枯樹 破損招牌 大型垃圾 空瓶 過期藥品")
VENUE_HEADS = words(
    "活動中心 大禮堂 視聽教室 會議室 體育館 操場 圖書館 地下停車場 頂樓花園 文化廣場 演藝廳 展覽室 教育訓練教室 河濱公園 社區交誼廳 中庭 風雨球場 游泳池 多功能教室 員工餐廳 辦公大樓 行政大樓 實驗大樓 客服櫃台 候診區 老人活動室 市集 車站前廣場 舊倉庫 國際會議廳"
)
VENUE_TAILS = words("一樓 二樓 三樓 東側 西側 後門 前廣場 地下室 101室 B2 A棟 北區")
#: Shown with both spellings: 台 when spoken, 臺 in the letter.
CITIES = words(
    "台北市 台中市 台南市 台東縣 高雄市 桃園市 新北市 基隆市 新竹縣 苗栗縣 彰化縣 南投縣 雲林縣 嘉義市 屏東縣 宜蘭縣 花蓮縣 澎湖縣 金門縣 台灣大學"
)

#: everyday noun > respectful short form; the letter puts 貴 or 本 before it.
UNITS = """公司>公司|學校>校|局>局|協會>會|公所>所|醫院>院|中心>中心|社區>社區|處>處|系>系|館>館|隊>隊|部門>部門|大學>校|工廠>廠|銀行>行|基金會>會|圖書館>館|派出所>所|農會>會|科>科|組>組|課>課|里辦公室>辦公處|管委會>會|事務所>所|飯店>飯店|診所>診所|書局>書局|商店>店|補習班>班|幼兒園>園|研究所>所|分局>分局|博物館>館|工會>會|合作社>社|電視台>臺|法院>院|監理站>站|店>店|班>班|辦公室>室|委員會>會|府>府|大隊>大隊|分公司>分公司|單位>單位"""
#: spoken reason > official reason; both read well after 因(為).
REASONS = """下大雨>豪雨|颱風要來>颱風來襲|錢不夠>經費不足|人太少>人數不足|停電>停電|機器壞掉>設備故障|場地被借走>場地另有他用|疫情>疫情影響|身體不舒服>身體不適|家裡有事>家庭因素|生病住院>罹病住院|要結婚>結婚|小孩沒人顧>照顧子女|資料沒附齊>文件未齊備|超過時間>逾期|不符合規定>不符規定|水管破掉>管線破裂|地震>地震|工程延誤>工程延誤|講師不能來>講師不克出席|場地漏水>場地漏水|人手不夠>人力不足|路太爛>路面毀損|太舊了>老舊|名額滿了>名額已滿|天氣太熱>高溫|淹水>淹水|火災>火災|要開別的會>另有會議|怕危險>安全考量|貨還沒到>貨品未達|系統當機>系統異常"""
#: spoken complaint > official wording.
ISSUES = """半夜很吵>夜間噪音|亂丟垃圾>任意棄置廢棄物|亂停車>違規停車|養狗亂叫>犬隻吠叫|路上有坑洞>路面坑洞|污水亂排>任意排放污水|騙人的電話>詐騙電話|小偷偷東西>竊盜|車禍>交通事故|違建>違章建築|公車一直不來>公車脫班|路燈不亮>路燈不亮|樹倒了>樹木傾倒|工地灰塵很多>工地揚塵|有人賣假藥>販售偽藥|停車位不夠>停車位不足|水有怪味>自來水異味|霸凌>霸凌|老人走失>長者走失|颱風災損>颱風災損|蚊子很多>病媒蚊孳生|瓦斯漏氣>瓦斯外洩|油煙很臭>油煙異味|闖紅燈>闖紅燈|薪水沒發>積欠工資|加班太多>超時工作|個資外洩>個資外洩|食物不新鮮>食品不潔"""
POSTS = words(
    "課長 組長 約聘人員 專案經理 行政助理 會計人員 護理師 代課教師 清潔人員 司機 保全人員 社工員 工程師 圖書館員 幹事 主任 科員 救生員 廚工 研究助理"
)
ROLES = words("評審委員 講師 主持人 貴賓 裁判 志工隊長 審查委員 顧問 種子教師 司儀 引言人 領隊")
PRIZES = words("第一名 第二名 第三名 特優 優等 甲等 佳作 最佳人氣獎 金牌 銀牌 銅牌 團體冠軍 創意獎 服務貢獻獎")
ITEMS = words(
    "補助款 管理費 保證金 學費 住宿費 材料費 場地費 工程款 獎學金 生活津貼 退稅款 會費 交通費 鐘點費 停車費 電費 水費 房租補貼 育兒津貼 保險費"
)
PARTS = words(
    "印章 簽名 附件二 聯絡電話 地址 統一編號 日期 封面 目錄 金額 單價 第三頁 承辦人姓名 附表 照片 匯款帳號 身分證字號 備註欄"
)
FUNDS = words("業務費 預備金 會費收入 專案補助款 設備費 材料費 捐款收入 年度結餘款 管理基金 訓練費")
WORKS = words(
    "道路修補工程 校舍整修工程 水電工程 資訊系統建置案 清潔勞務案 保全勞務案 公園綠化工程 外牆拉皮工程 網站改版案 餐飲採購案 印刷採購案 橋梁補強工程 電梯更新工程 圖書搬遷案 污水下水道工程 屋頂防漏工程 土壤檢測案 監視系統維護案 校車租賃案 問卷調查案"
)
QUANTITIES = words("台>臺 個>個 張>張 組>組 支>支 輛>輛 套>套 箱>箱 件>件 座>座 批>批 具>具")

OPENINGS = words(
    "不好意思打擾， 你好， 您好， 哈囉， 請問一下， 那個， 抱歉喔， 跟你說， 是這樣的， 想請教一下， 欸， 拜託， 各位好， 大家好， 嗨， 早安， 午安， 不好意思， 有件事， 有空嗎？ 在嗎？ 打擾一下， 想麻煩你， 說一下， 先跟你講， 緊急！ 重要！ 提醒一下， 對了， 是說，"
)
CLOSINGS = words(
    "，麻煩了 ，謝啦 ，謝謝 ，感謝 ，拜託了 ，辛苦了 ，感恩 ，多謝 ，就這樣 ，拜託拜託 ，麻煩你囉 ，謝謝大家 ，先這樣 ，不好意思喔 ，再麻煩了 ，3Q ，拜託啦 ，謝謝您 ，感激不盡 ，萬分感謝 ，好嗎 ，可以吧 ，OK嗎 ，知道嗎 ，懂嗎 ，別忘了 ，不要忘記喔 ，有問題再問我 ，收到請回 ，辛苦你了"
)
#: everyday > official phrases for single conversions.
PHRASES = """幫忙>惠予協助|快一點>儘速|派人>派員|借>借用|開會>召開會議|交>繳交|寄給你>檢送|呈給長官>檢陳|壞掉>損壞|修理>修繕|買>購置|換掉>汰換|搬家>遷移|不能照辦>礙難照辦|謝謝>謹致謝忱|收到了>業已收悉|想>擬|要>應|不可以>不得|可以>得|已經>業已|現在>目前|在…辦>假…辦理|跟大家講>請查照轉知|照著做>請查照辦理|請長官看>敬請鑒核|請答應>請惠予同意|知道一下>請查照|打錯>誤植|補上>補正|回信>函復|做完>完竣|決定時間>訂於|叫大家>轉知所屬|不辦了>停止辦理|延期>展延|抱怨>陳情|給錢>撥付|付錢>繳納|一共>計"""

LETTER_ASKS = phrases(
    """把口語改寫成公文的主旨。|將下列口語改為公文主旨。|請改寫成公文。|你是公文撰寫助理，把民眾說的話寫成公文主旨。|口語轉公文，只寫主旨。|請以公文用語改寫，姓名、日期、金額照原文。|改寫為正式函文的主旨。|把這句話寫成給機關的函。|請幫我寫成公文主旨，不要增加內容。|依原意寫出公文主旨，結尾用適當的期望語。|將說話內容整理成公文一句。|你是秘書，負責把同事的話變成公文。|公文主旨產生器。|寫成公文體。|口語→公文|任務：口語句改公文主旨句。|輸入口語，輸出公文主旨。|請把下面的話改成官方書信。|Rewrite the spoken sentence as the subject line of an official Taiwanese letter.|Turn everyday speech into official letter style.|Write the 主旨 of an official document for this message.|Rewrite formally; keep every name, date and amount.|请把口语改写成公文主旨。|将下面的话改成正式公文。|你是公文助手，请改写口语。|输入为口语，请输出公文主旨一句。|以臺灣公文格式改寫。|機關來文擬稿：將口述改成主旨。|幫忙擬公文，一句話即可。|請用公文語氣重寫，不可遺漏內容。|請將同仁口述改為函稿主旨。|把白話改成公文。"""
)

#: What a prompt adds to ask for one shape of the answer.
PLAIN_NOTES = phrases("格式：主旨：…。|以「主旨：」開頭。|格式為「主旨：內容，期望語。」")
BODY_NOTES = phrases("不要寫「主旨」二字。|只寫內容，不加「主旨：」。| Leave out 主旨：.")
JSON_NOTES = phrases("""輸出 JSON：{"主旨": "…"}| Answer in JSON: {"主旨": "..."}|以 JSON 回答，鍵為「主旨」。""")
SAME_NOTES = phrases("分兩行：主旨與說明，說明寫「如主旨。」|兩行，第二行為「說明：如主旨。」")
POINT_NOTES = phrases("分兩行：主旨與說明，說明依序列出要點。|第二行「說明：」列出主旨中的要點，以、分隔。")
ALLOWED = phrases("期望語限用：|結尾從下列選一：| Closings: |结尾用语：")
LETTER_FORMS = phrases("{}|{}|{}|口語：{}|原文：{}|改寫：{}|「{}」|句子：{}|請改寫：{}")
DRILL_ASKS = phrases("改為公文用語。|逐一改成公文寫法。|轉成公文格式。|口語→公文|Official wording.|改成公文用词。")
RULE_ASKS = phrases("依句型改寫：|改寫規則：|Rewrite by the frames:|按照下列句型改写：")
SHOWN_ASKS = phrases("照例子改寫。|依範例的方式改寫。|Follow the example.|按例子改写。")
ECHO_ASKS = phrases("照抄原文。|重複以下文字。|一字不漏抄寫。|Copy the text.|原文照錄。|请照抄。")


def pairs(block: str) -> list[tuple[str, str]]:
    """Return (everyday, official) pairs."""
    found = []
    for item in phrases(block.strip()):
        left, _, right = item.partition(">")
        found.append((left, right))
    return found


def matters() -> list[tuple[str, str, list[str]]]:
    """Return (official body, closing, spoken frames); refuse frames whose slots differ from the official ones."""
    lines = MATTERS.strip().split("\n")
    found = []
    for official, spoken in zip(lines[::2], lines[1::2], strict=True):
        body, _, closing = official.rpartition("，")
        frames = phrases(spoken)
        slots = set(re.findall(r"\{\w+\}", body))
        for frame in frames:
            if set(re.findall(r"\{\w+\}", frame)) != slots:
                raise ValueError(f"slots differ from {sorted(slots)}: {frame}")
        found.append((body, closing, frames))
    return found
