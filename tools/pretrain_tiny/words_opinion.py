"""Opinion phrases outside business, written for this project: goods, food, stays, films, sport, people, places.

Aspects x (praise | blame | plain) multiply; the lists of whole phrases add idiom. Phrases follow their subject.
"""

from __future__ import annotations

from .splitting import phrases, words

ASPECTS = words("""
服務 餐點 口味 環境 氣氛 房間 床鋪 早餐 隔音 地點 價格 份量 店員 態度 品質 做工 包裝 物流 客服 電池 螢幕 音質 相機 系統 介面 操作 外觀 手感
劇情 演技 特效 配樂 節奏 結局 畫面 設計 內容 課程 師資 教材 設備 座位 動線 停車 衛生 安全性 穩定性 速度 效能 訊號 售後服務 維修 性價比 功能 材質
尺寸 味道 湯頭 甜點 咖啡 麵條 飲料 風景 交通 治安 空氣 管理 行政效率 防守 進攻 打擊 投球 體能 默契 戰術 歌聲 口條 表現 政策 領導 溝通 形象
""")
PRAISE = words("""
很好 非常棒 一流 令人滿意 超出期待 無可挑剔 讓人驚喜 值得推薦 相當出色 沒話說 很貼心 很細膩 讓人放心 好得不得了 滿分 一級棒 很優秀 很專業 大加分
很到位 有水準 令人讚賞 很實在 很順暢 讓人愛不釋手 恰到好處 棒極了 優異 很舒服 讓人想再來 可圈可點 令人感動 很用心 穩定 進步很多 深得人心 佳
""")
BLAME = words("""
很差 非常糟 三流 令人失望 不如期待 一塌糊塗 讓人傻眼 不值得推薦 相當差勁 慘不忍睹 很敷衍 很粗糙 讓人擔心 爛透了 零分 有夠爛 很糟糕 很不專業 大扣分
不到位 沒水準 令人不滿 很不實在 很卡 讓人想退貨 不及格 糟透了 低劣 很難受 讓人不想再來 漏洞百出 令人生氣 很隨便 不穩 退步很多 失去人心 欠佳
""")
PLAIN = words("""
普通 還可以 跟以前一樣 沒有特別感覺 中規中矩 一般 尚可 不好不壞 跟其他家差不多 馬馬虎虎 沒什麼變化 如圖所示 和說明相同 符合描述 算平均水準 無功無過
""")

POSITIVE = words("""
真的太好吃了 讓人回味無窮 物超所值 我會推薦給朋友 下次一定再來 讓我非常滿意 比想像中更好 用起來很順手 一定要買 全家人都喜歡 超級推 完美無瑕
救了我一命 讓我愛上它 質感滿分 帶來滿滿感動 笑到流淚 看得熱血沸騰 是今年最佳 值回票價 百看不厭 贏得滿堂彩 拿下冠軍 打破紀錄 奪得金牌 完封對手
氣勢如虹 逆轉勝 狀態火燙 打出全壘打 連勝十場 晉級決賽 深受民眾愛戴 民調遙遙領先 獲得高度肯定 為人正直 熱心公益 見義勇為 表現可圈可點 廣受好評
備受尊敬 當選連任 風評極佳 成為年輕人的榜樣 獲頒終身成就獎 宜居又美麗 治安越來越好 吸引大批遊客 空氣清新 讓人流連忘返 建設進步神速 榮獲最佳城市
交貨很快 包裝完整 客服秒回 退款很乾脆 電力持久 拍照超清楚 跑得飛快 安靜又省電 很好上手 老闆人很好 店員親切 乾淨舒適 風景如畫 湯頭濃郁 肉質軟嫩
演技大爆發 歌聲動人 特效驚人 結局令人感動 讓我受益良多 老師教得很清楚 解決了我的困擾 讓我省下不少時間 開心極了 太感謝了 給五顆星 讚啦 棒呆了
""")
NEGATIVE = words("""
真的難吃到不行 讓人倒胃口 貴得離譜 我不會推薦給任何人 再也不會來 讓我非常失望 比想像中更糟 用起來卡卡的 千萬不要買 全家人都後悔 超級雷 瑕疵一堆
害我浪費錢 讓我想退貨 質感很廉價 無聊到睡著 看得一頭霧水 是今年最爛 不值票價 拖戲拖到不行 噓聲四起 慘遭淘汰 連輸十場 吞下敗仗 失誤連連 慘敗收場
士氣低迷 遭到逆轉 狀況奇差 遭三振出局 戰績墊底 無緣季後賽 引發民怨 民調一路下滑 遭到嚴厲批評 涉嫌貪污 酒駕被捕 態度傲慢 說謊被拆穿 惡評如潮
遭眾人唾棄 黯然落選 風評極差 成為負面教材 被爆抄襲 髒亂又吵雜 治安越來越差 遊客銳減 空污嚴重 讓人不敢再去 建設停滯不前 被評為最差
等了一個月才到 包裝破損 客服已讀不回 退款拖了半年 電力撐不到中午 拍照模糊 慢得要命 吵死人又耗電 很難上手 老闆很兇 店員臭臉 又髒又臭 蚊蟲一堆 湯頭死鹹
肉又老又柴 演技尷尬 走音嚴重 特效很假 結局爛尾 學不到東西 老師照本宣科 問題完全沒解決 浪費我的時間 氣死人了 太誇張了 給一顆星 爛爆了 黑心
用兩天就壞 一直當機 螢幕破裂 寄錯商品 少寄配件 讓人火大 害我拉肚子 騙錢
""")
NEUTRAL = words("""
每天早上九點開門 位在火車站旁邊 有兩種顏色可選 今天收到了 還沒有開始使用 是上個月買的 週一公休 可以刷卡 有提供外送 下週二開打 明天將舉行記者會
預計三點抵達 今年三十五歲 畢業於法律系 出生於南部 現任委員 目前住在市區 發表了年度談話 將於週末登場 全長兩小時 分成上下兩集 共有十二道菜 使用充電線充電
重量約五百克 由三人組成 是第二次參賽 這場先發上場 人口約二十萬 面積不大 位於中部 以農業為主 昨天下了一場雨 將舉辦地方選舉 尺寸是中號 附贈說明書
需要先預約 座位有二十個 與朋友一起去的 走路五分鐘會到 內附兩顆電池 保固一年 改到晚上播出 出席了典禮 拜訪了地方人士 今天沒有公開行程 換了新的包裝
比賽打成平手 終場雙方握手言和 尚未回應 正在排隊 票價三百元 有大小兩種 由新導演執導 改編自小說
""")

ENGLISH_POSITIVE = phrases("""
was excellent|is the best ever|exceeded my expectations|works perfectly|made me very happy|reported record profit|won a huge contract|beat all forecasts
is highly recommended|was a great success|impressed everyone|delivered strong growth|is fast and reliable|raised its outlook|had friendly staff
""")
ENGLISH_NEGATIVE = phrases("""
was terrible|is the worst ever|failed to meet expectations|broke after two days|made me very angry|reported a huge loss|lost its biggest client
missed all forecasts|is not recommended|was a complete failure|disappointed everyone|suffered falling sales|is slow and buggy|cut its outlook|had rude staff
""")
ENGLISH_NEUTRAL = phrases("""
opens at nine|is located downtown|will hold a meeting on Monday|comes in two colors|was founded in 1998|announced a new chairman|is made of steel
will publish its report next week|moved to a new office|has five hundred employees|is available online|was mentioned in the article
""")
