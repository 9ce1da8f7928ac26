curl -X POST http://localhost:8080/api/streams/test-stream/messages \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer your-secret-token" \
  -d '{"data": {"hello": "world"}}'

curl -N http://localhost:8080/api/events?stream=test-stream&group=test-group \
  -H "Authorization: Bearer your-secret-token"

curl -X POST http://localhost:8080/api/messages/1234567890123-0/finish \
  -H "Authorization: Bearer your-secret-token"
