# Sends what the hub would send, to try a receiver without it: SECRET is the endpoint's, URL the receiver's.
BODY='{"type":"webhook.test","timestamp":"2026-11-26T09:30:00.000Z","test":true,"data":{"message":"Your endpoint works."}}'
ID=msg_1 TIMESTAMP=$(date +%s)
KEY=$(printf %s "${SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
SIGNATURE=$(printf %s "$ID.$TIMESTAMP.$BODY" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | base64)
curl -i "$URL" -H 'Content-Type: application/json' -H "webhook-id: $ID" -H "webhook-timestamp: $TIMESTAMP" \
  -H "webhook-signature: v1,$SIGNATURE" --data-binary "$BODY"
