"""Compares answers with docs/openapi.yaml: one JSON object a line comes in, one goes out.

In:  {"method", "path", "status", "headers": {name in lower case: value}, "body": in Base64}
Out: {"error": null, or what the document says otherwise}

Paths and methods that the document does not have are of no concern, nor are pages of nginx' own.
"""

import base64
import json
import re
import sys
import urllib.parse
import warnings

import jsonschema
import yaml

# Newer versions have another way for references; Debian 12 has this one.
warnings.simplefilter("ignore", DeprecationWarning)

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


# Headers that an answer has only where the document says so.
MUST_BE_DECLARED = ("x-request-id",)


class Document:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.root = yaml.load(file, Loader=Loader)
        self.resolver = jsonschema.RefResolver("", self.root)
        self.validators = {}
        self.templates = [(template.split("/"), item) for template, item in self.root["paths"].items()]

    def resolve(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def path_item(self, path):
        """Of several templates that fit, the one with a text where the others have a name."""
        path = path.split("?")[0].split("#")[0]
        if re.search(r"/\.\.?(/|$)", urllib.parse.unquote(path)):
            return None  # nginx resolves it, and looks somewhere else
        segments = path.split("/")
        best, rank = None, None
        for template, item in self.templates:
            if len(template) != len(segments):
                continue
            named = [part.startswith("{") for part in template]
            pairs = zip(template, segments, named)
            if all(given != "" if name else part == given for part, given, name in pairs):
                if rank is None or named < rank:
                    best, rank = item, named
        return best

    def check(self, schema, value):
        """What is wrong with the value, or None."""
        key = id(schema)
        if key not in self.validators:
            self.validators[key] = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        error = jsonschema.exceptions.best_match(self.validators[key].iter_errors(value))
        if error is None:
            return None
        place = "/".join(str(part) for part in error.absolute_path)
        return f"{error.message[:300]} at /{place}"

    def complaint(self, answer):
        item = self.path_item(answer["path"])
        operation = (item or {}).get(answer["method"].lower())
        headers = answer["headers"]
        media = headers.get("content-type", "").split(";")[0].strip()
        status = answer["status"]
        if operation is None or (status >= 400 and media == "text/html"):
            return None
        response = operation["responses"].get(str(status))
        if response is None:
            return f"status {status} is not among {', '.join(operation['responses'])}"
        response = self.resolve(response)
        return self.header_complaint(response, headers) or self.body_complaint(response, media, answer)

    def header_complaint(self, response, headers):
        declared = {name.lower() for name in response.get("headers", {})}
        for name in MUST_BE_DECLARED:
            if name in headers and name not in declared:
                return f"header {name} is not documented"
        for name, header in response.get("headers", {}).items():
            header = self.resolve(header)
            value = headers.get(name.lower())
            if value is None:
                if header.get("required"):
                    return f"header {name} is missing"
                continue
            wrong = self.check(header["schema"], value)
            if wrong:
                return f"header {name}: {wrong}"
        return None

    def body_complaint(self, response, media, answer):
        content = response.get("content", {})
        if not content and media == "":
            return None
        if media not in content:
            return f"Content-Type {media!r} is not among {', '.join(content)}"
        body = base64.b64decode(answer["body"])
        if media == "text/event-stream":
            return None
        try:
            text = body.decode("utf-8")
            value = json.loads(text) if media == "application/json" else text
        except ValueError as error:
            return f"the body is no {media}: {error}"
        return self.check(content[media]["schema"], value)


def main():
    document = Document(sys.argv[1])
    for line in sys.stdin:
        try:
            error = document.complaint(json.loads(line))
        except Exception as problem:  # pylint: disable=broad-except
            error = f"the document cannot be used: {problem!r}"
        print(json.dumps({"error": error}), flush=True)


main()
