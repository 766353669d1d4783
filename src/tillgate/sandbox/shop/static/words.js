/** The shop's own words in three languages, put into the elements that carry a `data-t`. English stands in the page. */

/** @type {Record<"zh-Hant" | "zh-Hans", Record<string, string>>} */
const WORDS = {
  "zh-Hant": {
    where: "香港 · 示範商店",
    title: "女裝夏日連身裙",
    about: "珊瑚紅輕盈棉布，闊裙襬配同色腰帶。這裡買下的裙子不會寄出，付款卻真實走完整個系統。",
    size: "尺碼",
    amount: "金額（{currency}）",
    buy: "立即購買",
    busy: "正在準備訂單…",
    note: "商店只看訂單是否已付款，看不到你的密碼。",
    seed: "另見：協議文件內的範例頁面",
    "amount.wrong": "請輸入金額，例如 10.00。",
    failed: "商店的伺服器沒有回應，訂單未建立。請再試一次。",
    9000: "多謝惠顧！付款成功。", 8000: "付款仍在處理。請稍候，切勿重複付款。", 4000: "付款未成功，未有扣款。",
    5000: "此訂單之前已付款，沒有再次扣款。", 6001: "你取消了付款，未有扣款。", 6002: "無法連接付款閘道。請先查看訂單再付款。",
    6005: "付款未能開始。", 7001: "錢包已關閉，付款已停止。",
    "result.title": "多謝惠顧", "result.maybe": "訂單已收到", "result.bad": "無法信任此網址",
    "result.verified": "簽名正確：此結果確實由付款閘道發出。", "result.refused": "簽名不正確：商店不會採信此網址的任何內容。",
    "result.order": "你的訂單", "result.number": "訂單編號", "result.goods": "商品", "result.amount": "金額", "result.status": "狀態",
    "result.fields": "網址帶來的資料", "result.back": "返回商店",
    "status.waiting": "等待付款", "status.paid": "已付款，並經通知確認", "status.closed": "已關閉，未付款",
    "club.title": "免密碼付款", "club.allowed": "已允許自動付款，金額以你在錢包設定的限額為準。",
    "club.pay": "免密碼購買連身裙", "club.renew": "立即續期時裝會（{price}）", "club.stop": "停止自動付款", "club.allow": "允許自動付款",
    "club.about": "只須允許一次，商店便可自動扣款：購買這條裙子，或每月以 {price} 續期時裝會。限額由你在錢包內設定，並可隨時停止。",
    "club.ended.wallet": "你已在錢包停止自動付款，付款閘道已用附簽名的通知告知商店。", "club.ended.shop": "自動付款已停止，商店不能再扣款。",
    "club.busy": "請稍候…", "club.renewed": "時裝會已續期一個月，款項已從你的錢包扣除。", "club.look": "查看訂單",
    refused: "未能完成。", unknown: "暫時未知結果，請稍後再看此訂單。",
    "agreed.allowed": "已允許自動付款", "agreed.allowed.note": "state 與此瀏覽器所獲的一致，付款閘道亦接受了授權碼。",
    "agreed.now": "商店現在可以", "agreed.now.pay": "直接收取裙子的價錢，無須你輸入密碼。", "agreed.now.renew": "由伺服器續期時裝會，即使你不在場。",
    "agreed.now.limits": "只限於你設定的限額內；你可隨時在這裡或錢包內停止。", "agreed.token": "以授權碼換取的權杖只留在商店的伺服器，任何頁面都看不到。",
    "agreed.declined": "沒有作出授權", "agreed.declined.note": "你沒有允許自動付款，商店會如常請你輸入密碼。",
    "agreed.unknown": "暫時未知結果", "agreed.unknown.note": "付款閘道沒有回應。請重新載入此頁：同一授權碼會換取同一權杖。",
    "agreed.refused": "無法信任此網址", "agreed.refused.note": "商店不會採信此網址的任何內容，亦沒有因此獲得授權。",
    "club.goods": "時裝會一個月", "order.state": "付款閘道的紀錄", "order.refund": "已退回", "refund.PROCESSING": "尚待確認", "refund.FAIL": "失敗",
    "state.paid": "已付款", "state.waiting": "尚未付款", "state.closed": "已關閉，未付款", "state.given-back": "已關閉，款項已全數退回", "state.not-found": "未有紀錄", "state.unknown": "暫時未知",
    "after.title": "商店可以做的事", "after.note": "這些按鈕屬於商店：由商店的伺服器向付款閘道提出，款項會退回你的錢包。",
    "after.amount": "退款金額，最多 {left}", "after.refund": "退款", "after.cancel": "取消整張訂單",
  },
  "zh-Hans": {
    where: "香港 · 示范商店",
    title: "女装夏日连衣裙",
    about: "珊瑚红轻盈棉布，宽裙摆配同色腰带。这里买下的裙子不会寄出，付款却真实走完整个系统。",
    size: "尺码",
    amount: "金额（{currency}）",
    buy: "立即购买",
    busy: "正在准备订单…",
    note: "商店只看订单是否已付款，看不到您的密码。",
    seed: "另见：协议文档里的示例页面",
    "amount.wrong": "请输入金额，例如 10.00。",
    failed: "商店的服务器没有响应，订单未创建。请再试一次。",
    9000: "谢谢惠顾！付款成功。", 8000: "付款仍在处理。请稍候，切勿重复付款。", 4000: "付款未成功，没有扣款。",
    5000: "此订单之前已付款，没有再次扣款。", 6001: "您取消了付款，没有扣款。", 6002: "无法连接付款网关。请先查看订单再付款。",
    6005: "付款未能开始。", 7001: "钱包已关闭，付款已停止。",
    "result.title": "谢谢惠顾", "result.maybe": "订单已收到", "result.bad": "无法信任此网址",
    "result.verified": "签名正确：此结果确实由付款网关发出。", "result.refused": "签名不正确：商店不会采信此网址的任何内容。",
    "result.order": "您的订单", "result.number": "订单号", "result.goods": "商品", "result.amount": "金额", "result.status": "状态",
    "result.fields": "网址带来的资料", "result.back": "返回商店",
    "status.waiting": "等待付款", "status.paid": "已付款，并经通知确认", "status.closed": "已关闭，未付款",
    "club.title": "免密码付款", "club.allowed": "已允许自动付款，金额以您在钱包设定的限额为准。",
    "club.pay": "免密码购买连衣裙", "club.renew": "立即续期时装会（{price}）", "club.stop": "停止自动付款", "club.allow": "允许自动付款",
    "club.about": "只需允许一次，商店便可自动扣款：购买这条裙子，或每月以 {price} 续期时装会。限额由您在钱包内设定，并可随时停止。",
    "club.ended.wallet": "您已在钱包停止自动付款，付款网关已用带签名的通知告知商店。", "club.ended.shop": "自动付款已停止，商店不能再扣款。",
    "club.busy": "请稍候…", "club.renewed": "时装会已续期一个月，款项已从您的钱包扣除。", "club.look": "查看订单",
    refused: "未能完成。", unknown: "暂时未知结果，请稍后再看此订单。",
    "agreed.allowed": "已允许自动付款", "agreed.allowed.note": "state 与此浏览器所获的一致，付款网关也接受了授权码。",
    "agreed.now": "商店现在可以", "agreed.now.pay": "直接收取裙子的价钱，无需您输入密码。", "agreed.now.renew": "由服务器续期时装会，即使您不在场。",
    "agreed.now.limits": "只限于您设定的限额内；您可随时在这里或钱包内停止。", "agreed.token": "用授权码换取的令牌只留在商店的服务器，任何页面都看不到。",
    "agreed.declined": "没有作出授权", "agreed.declined.note": "您没有允许自动付款，商店会照常请您输入密码。",
    "agreed.unknown": "暂时未知结果", "agreed.unknown.note": "付款网关没有响应。请重新加载此页：同一授权码会换取同一令牌。",
    "agreed.refused": "无法信任此网址", "agreed.refused.note": "商店不会采信此网址的任何内容，也没有因此获得授权。",
    "club.goods": "时装会一个月", "order.state": "付款网关的记录", "order.refund": "已退回", "refund.PROCESSING": "尚待确认", "refund.FAIL": "失败",
    "state.paid": "已付款", "state.waiting": "尚未付款", "state.closed": "已关闭，未付款", "state.given-back": "已关闭，款项已全额退回", "state.not-found": "没有记录", "state.unknown": "暂时未知",
    "after.title": "商店可以做的事", "after.note": "这些按钮属于商店：由商店的服务器向付款网关提出，款项会退回您的钱包。",
    "after.amount": "退款金额，最多 {left}", "after.refund": "退款", "after.cancel": "取消整张订单",
  },
};

const wanted = (navigator.languages?.[0] ?? navigator.language ?? "en").toLowerCase();
/** @type {"en" | "zh-Hant" | "zh-Hans"} */
const language = !wanted.startsWith("zh") ? "en" : /hant|-hk|-tw|-mo/.test(wanted) ? "zh-Hant" : "zh-Hans";

/**
 * @param {string} key
 * @param {string} english
 * @param {Record<string, string>} [values]
 */
export function say(key, english, values = {}) {
  const sentence = (language === "en" ? undefined : WORDS[language][key]) ?? english;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function translatePage() {
  if (language === "en") return;
  document.documentElement.lang = language === "zh-Hant" ? "zh-Hant-HK" : "zh-Hans-CN";
  for (const place of document.querySelectorAll("[data-t]")) {
    const { t = "", ...values } = /** @type {HTMLElement} */ (place).dataset;
    place.textContent = say(t, place.textContent ?? "", /** @type {Record<string, string>} */ (values));
  }
}
