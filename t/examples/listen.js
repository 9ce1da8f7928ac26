const es = new EventSource("/api/v1/external/notify/stream?token=YOUR_JWT");
es.onmessage = (e) => console.log("event:", e.data);
