"""alerts.py URL KEY COUNT: reads the stream of alerts with the standard library alone, and prints the
message of each of the first COUNT of them; then stores one of its own and prints the answer."""

import json
import sys
import urllib.request


def request(url, key, alert=None):
    body = None if alert is None else json.dumps(alert).encode()
    method = "GET" if body is None else "POST"
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return urllib.request.Request(url, data=body, headers=headers, method=method)


def main(url, key, count):
    with urllib.request.urlopen(request(url, key), timeout=20) as stream:
        print("open", stream.headers["Content-Type"], flush=True)
        while count > 0:
            line = stream.readline().decode()
            if line.startswith("data: "):
                print("alert", json.loads(line[6:])["data"]["message"], flush=True)
                count -= 1
    with urllib.request.urlopen(request(url, key, {"message": "from Python"}), timeout=20) as answer:
        print("stored", json.load(answer)["status"], flush=True)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
