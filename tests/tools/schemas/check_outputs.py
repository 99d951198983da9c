#!/usr/bin/env python3
"""check_outputs.py SCHEMAS PRODUCED PREFIX...: validates what programs have written against tools/schemas.

PRODUCED is a directory with a file `outputs`: a line each, the name of an output in the table of SCHEMAS/README.md, a
tab, and the file beside it that has what was written. Every output of the table whose name begins with one of the
PREFIXes must be there. Prints a line for each mistake; exit code 1 if there is any, 2 if nothing could be checked.
"""
import csv
import json
import os
import re
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed: tools/check does that")
    sys.exit(2)

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
CELLS = {
    "text": re.compile(r"(?s).+"),
    "text or empty": re.compile(r"(?s).*"),
    "count": re.compile(r"[0-9]+"),
    "digest": re.compile(r"[0-9a-f]{16}"),
    "number": NUMBER,
    "number or empty": re.compile(r"(%s)?" % NUMBER.pattern),
}


def read_table(schemas):
    table = {}
    with open(os.path.join(schemas, "README.md"), encoding="utf-8") as page:
        for line in page:
            row = re.match(r"\| `([^`]+)` \| (object|lines|csv) \| \[([^\]]+)\]", line)
            if row:
                table[row[1]] = (row[2], row[3])
    return table


def strict(schema):
    """The schema with shared types put in, and without room for fields that it does not name."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: strict(value) for key, value in schema.items()}
    if isinstance(out.get("$ref"), str):
        out["$ref"] = out["$ref"].replace("common.json", "")
    if "properties" in out and out.get("type") == "object":
        out.setdefault("additionalProperties", False)
    return out


class Checker:
    def __init__(self, schemas):
        self.schemas = schemas
        self.table = read_table(schemas)
        self.common = strict(self.read("common"))["$defs"]
        self.mistakes = []

    def read(self, name):
        with open(os.path.join(self.schemas, name + ".json"), encoding="utf-8") as file:
            return json.load(file)

    def validator(self, name):
        schema = strict(self.read(name))
        schema["$defs"] = self.common
        jsonschema.Draft202012Validator.check_schema(schema)
        return jsonschema.Draft202012Validator(schema)

    def complain(self, output, what):
        self.mistakes.append("%s: %s" % (output, what))

    def check_json(self, output, text, name, lines):
        validator = self.validator(name)
        texts = text.splitlines() if lines else [text]
        if not texts:
            self.complain(output, "nothing was written")
        for one in texts:
            try:
                value = json.loads(one, parse_constant=lambda word: self.complain(output, word + " is no JSON"))
            except ValueError as error:
                self.complain(output, "no JSON: %s in %r" % (error, one[:200]))
                continue
            error = jsonschema.exceptions.best_match(validator.iter_errors(value))
            if error:
                place = "/".join(str(step) for step in error.absolute_path)
                self.complain(output, "%s: %s in %s" % (place or "all", error.message[:300], one[:300]))

    def check_csv(self, output, text):
        wanted = self.read("csv")[output.split()[-1]]
        rows = list(csv.reader(text.splitlines(keepends=True)))
        header = rows[0]
        names = [name for name, _ in wanted["columns"]]
        begin = header.index(names[0]) if names[0] in header else -1
        end = begin + len(names)
        if begin < 0 or header[begin:end] != names:
            return self.complain(output, "columns are %s" % header)
        if begin > 0 and "first" not in wanted or end < len(header) and "further" not in wanted:
            return self.complain(output, "further columns: %s" % header)
        types = [wanted.get("first")] * begin + [kind for _, kind in wanted["columns"]]
        types += [wanted.get("further")] * (len(header) - end)
        if len(rows) < 2:
            self.complain(output, "no rows")
        for number, row in enumerate(rows[1:], 2):
            if len(row) != len(header):
                self.complain(output, "row %d has %d cells of %d" % (number, len(row), len(header)))
                continue
            for name, kind, cell in zip(header, types, row):
                if not CELLS[kind].fullmatch(cell):
                    self.complain(output, "row %d, %s: %r is no %s" % (number, name, cell, kind))

    def check(self, output, text):
        if output not in self.table:
            return self.complain(output, "is not in the table of tools/schemas/README.md")
        form, schema = self.table[output]
        if form == "csv":
            return self.check_csv(output, text)
        return self.check_json(output, text, schema, form == "lines")


def main():
    schemas, produced, prefixes = sys.argv[1], sys.argv[2], tuple(sys.argv[3:])
    checker = Checker(schemas)
    seen = set()
    with open(os.path.join(produced, "outputs"), encoding="utf-8") as list_of_outputs:
        for line in list_of_outputs:
            output, name = line.rstrip("\n").split("\t")
            seen.add(output)
            with open(os.path.join(produced, name), encoding="utf-8", newline="") as file:
                checker.check(output, file.read())
    for output in checker.table:
        if output.startswith(prefixes) and output not in seen:
            checker.complain(output, "was not produced by the test")
    for mistake in checker.mistakes:
        print(mistake)
    sys.exit(1 if checker.mistakes or not seen else 0)


main()
