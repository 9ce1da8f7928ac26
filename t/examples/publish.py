import time
import hmac
import hashlib
import requests

# ===  ===
API_URL = "http://localhost:10000/publish/test"
API_TOKEN = "your-secret-token"  #  .env  token
MESSAGE = "Hello from Python client!"

# ===  timestamp  HMAC signature ===
timestamp = str(int(time.time()))  #  timestamp
signature = hmac.new(
    API_TOKEN.encode(), timestamp.encode(), hashlib.sha256
).hexdigest()

# === Headers ===
headers = {
    "token": API_TOKEN,
    "x-timestamp": timestamp,
    "x-signature": signature,
}

# ===  POST  ===
params = {"message": MESSAGE}
response = requests.post(API_URL, headers=headers, params=params)

# ===  ===
print("Status code:", response.status_code)
print("Response:", response.json())
