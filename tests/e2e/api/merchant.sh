#!/usr/bin/env bash
# A merchant's server made of openssl and curl: it asks every function once and checks each answer.
# It shares no code with the gateway or the SDK. Prints one line a step: NAME RESULT_CODE.
#
#   URL   the gateway          KEY   the merchant's private key      GATEWAY   the gateway's public key
#   CLIENT_ID, MERCHANT_ID     who asks                              PAYER, PIN  who pays
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
api="alipay.intl"
run=$(openssl rand -hex 6)

now() { date -u +%Y-%m-%dT%H:%M:%S+00:00; }

# sealed FUNCTION BODY [HEAD_MEMBERS]: the signed envelope of a request.
sealed() {
    local head content signature
    head="{\"version\":\"2.0.0\",\"function\":\"$1\",\"clientId\":\"$CLIENT_ID\",\"reqTime\":\"$(now)\","
    head+="\"reqMsgId\":\"$(openssl rand -hex 16)\",\"reserve\":\"{}\"${3:-}}"
    content="{\"head\":$head,\"body\":$2}"
    signature=$(printf '%s' "$content" | openssl dgst -sha256 -sign "$KEY" | openssl base64 -A)
    printf '{"request":%s,"signature":"%s"}' "$content" "$signature"
}

# verified FILE: checks the answer's signature over its exact bytes and leaves them in $work/content.
verified() {
    sed -E 's/^\{"response":(.*),"signature":"[^"]*"\}$/\1/' "$1" | head -c -0 > "$work/content"
    sed -E 's/.*,"signature":"([^"]*)"\}$/\1/' "$1" | openssl base64 -d -A > "$work/signature"
    openssl dgst -sha256 -verify "$GATEWAY" -signature "$work/signature" "$work/content" > "$work/verdict" ||
        { echo "openssl refuses the answer: $(cat "$1")" >&2; exit 1; }
}

# ask NAME FUNCTION BODY [HEAD_MEMBERS]: posts, verifies, prints the result code.
ask() {
    local name=$1 function="$api.$2"
    sealed "$function" "$3" "${4:-}" > "$work/request"
    curl --silent --show-error --fail-with-body --max-time 20 --data-binary "@$work/request" \
        --header 'content-type: application/json;charset=utf-8' \
        --output "$work/answer" "$URL/api/${function//.//}.htm"
    verified "$work/answer"
    echo "$name $(member resultCode)"
}

# member NAME: the first string member of this name in the verified answer.
member() { grep -oE "\"$1\":\"[^\"]*\"" "$work/content" | head -1 | cut -d'"' -f4; }

# door PATH BODY: posts JSON to one of the doors for people and prints the answer.
door() {
    curl --silent --show-error --max-time 20 --header 'content-type: application/json' \
        --header "authorization: Bearer ${session:-}" --data-binary "$2" "$URL$1"
}

# text_of NAME: the string member of this name in what is piped in.
text_of() { grep -oE "\"$1\":\"[^\"]*\"" | head -1 | cut -d'"' -f4; }

order() { printf '{"merchantId":"%s","productCode":"%s","merchantTransId":"%s","order":{"orderTitle":"Tea","orderAmount":{"currency":"HKD","value":"%s"}}}' "$MERCHANT_ID" "$1" "$2" "$3"; }
named() { printf '{"merchantId":"%s","merchantTransId":"%s"}' "$MERCHANT_ID" "$1"; }

session=$(door /wallet/session "{\"payer\":\"$PAYER\",\"pin\":\"$PIN\"}" | text_of token)

# pay ORDER_NUMBER AMOUNT: the wallet pays an order string that this script signed.
pay() {
    local string cashier
    sealed "$api.acquiring.cashier.wap.pay" "$(order CASHIER_PAY "$1" "$2")" > "$work/order"
    string=$(sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' "$work/order")
    cashier=$(door /cashier/trade-pay "{\"orderStr\":\"$string\",\"version\":\"2.0.0\",\"callId\":\"call-$1\"}" | text_of cashierUrl)
    echo "pay $(door "/cashier/${cashier##*/}/confirm" "{\"pin\":\"$PIN\"}" | text_of resultCode)"
}

pay "A-$run" 1000
ask query acquiring.common.payQuery "$(named "A-$run")"
echo "status $(member payStatus)"
acquirement=$(member acquirementId)
part="{\"merchantId\":\"$MERCHANT_ID\",\"acquirementId\":\"$acquirement\",\"merchantRefundId\":\"R-$run\",\"refundAmount\":{\"currency\":\"HKD\",\"value\":\"400\"}}"
ask refund acquiring.common.refund "$part"
ask refund-again acquiring.common.refund "$part"
ask query-refunded acquiring.common.payQuery "$(named "A-$run")"
echo "refunded $(grep -oE '"refundedAmount":\{[^}]*' "$work/content" | text_of value)"
ask cancel-refunded acquiring.common.payCancel "$(named "A-$run")"

pay "B-$run" 1000
ask cancel acquiring.common.payCancel "$(named "B-$run")"
ask cancel-again acquiring.agreement.payCancel "$(named "B-$run")"
ask query-closed acquiring.common.payQuery "$(named "B-$run")"
echo "status $(member payStatus)"
ask cancel-unknown acquiring.common.payCancel "$(named "C-$run")"
ask query-none acquiring.common.payQuery "$(named "D-$run")"

ask cashier acquiring.cashier.wap.pay "$(order CASHIER_PAY "E-$run" 1000)"
echo "cashier $(member cashierUrl | grep -c '/cashier/')"

agreement=$(openssl rand -hex 16)
ask prepare oauth.auth.prepareForRedirect "{\"authMerchantId\":\"$MERCHANT_ID\",\"authSite\":\"ALIPAY_HK\",\"scopes\":[\"AUTH_AGREEMENTPAY\"],\"terminalType\":\"WAP\",\"merchantRedirectUrl\":\"https://shop.example.com/agreed?a=1\",\"agreementPayAuthInfo\":{\"merchantAgreementId\":\"$agreement\"},\"state\":\"$run\"}"
page=$(member authSiteUrl)
back=$(door "/wallet/agreement/${page##*/}/sign" "{\"pin\":\"$PIN\"}" | text_of redirectUrl)
echo "state $(grep -c "state=$run" <<< "$back")"
code=$(sed -E 's/.*[?&]authCode=([^&]*).*/\1/' <<< "$back")
granted="{\"grantType\":\"AUTHORIZATION_CODE\",\"authMerchantId\":\"$MERCHANT_ID\",\"authSite\":\"ALIPAY_HK\",\"authCode\":\"$code\"}"
ask token oauth.auth.applyToken "$granted"
token=$(member accessToken)
refresh=$(member refreshToken)
ask token-again oauth.auth.applyToken "$granted"
[ "$token" = "$(member accessToken)" ] && echo "token same"
ask refresh oauth.auth.applyToken "{\"grantType\":\"REFRESH_TOKEN\",\"authMerchantId\":\"$MERCHANT_ID\",\"authSite\":\"ALIPAY_HK\",\"refreshToken\":\"$refresh\"}"
token=$(member accessToken)
ask debit acquiring.agreement.pay "$(order AUTO_DEBIT "F-$run" 1000)" ",\"accessToken\":\"$token\""
ask debit-again acquiring.agreement.pay "$(order AUTO_DEBIT "F-$run" 1000)" ",\"accessToken\":\"$token\""
about="{\"authMerchantId\":\"$MERCHANT_ID\",\"merchantAgreementId\":\"$agreement\"}"
ask agreement oauth.auth.queryByAuthInfo "$about"
echo "token-status $(member tokenStatus)"
ask agreement-cancel oauth.auth.cancelByAuthInfo "$about"
ask agreement-after oauth.auth.queryByAuthInfo "$about"
echo "token-status $(member tokenStatus)"
ask debit-after acquiring.agreement.pay "$(order AUTO_DEBIT "G-$run" 1000)" ",\"accessToken\":\"$token\""
