# The bases that draw; a style's page has the number of its version for "adapters".
base=$(curl -sS "$HUB/api/v1/base-models" | grep -o '"slug":"[^"]*"' | head -1 | cut -d'"' -f4)
order='{"base_model": "'$base'", "prompt": "a fox on a blue background"}'

# What it costs, in millionths of a dollar. Nothing is held yet.
curl -sS "$HUB/api/v1/quotes" -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' -d "$order" |
  grep -o '"total_micro":[0-9]*'

# Order it. With a key of your own for the order, it can be sent again without being made twice.
id=$(curl -sS --fail-with-body "$HUB/api/v1/generations" -H "Authorization: Bearer $KEY" \
  -H 'Content-Type: application/json' -H "Idempotency-Key: fox-$$-$(date +%s)" -d "$order" |
  grep -o '"id":"[^"]*"' | head -1 | cut -d'"' -f4)

# Ask for the image until it is there.
for try in $(seq 120); do
  curl -sf "$HUB/api/v1/generations/$id/image" -H "Authorization: Bearer $KEY" -o fox.png && break
  sleep 1
done
