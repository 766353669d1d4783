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
