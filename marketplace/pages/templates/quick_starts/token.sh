# A token for an hour. Leave scope out to get all that the client was given.
token=$(curl -sS --fail-with-body "$HUB/oauth/token" -u "$CLIENT_ID:$CLIENT_SECRET" \
  -d grant_type=client_credentials -d scope=wallet:read | grep -o '"access_token": *"[^"]*"' | cut -d'"' -f4)

# It is sent as a key is, and acts as your organisation.
curl -sS --fail-with-body "$HUB/api/v1/wallet" -H "Authorization: Bearer $token"
