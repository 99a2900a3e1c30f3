"""Checks our Avro codec against fastavro.

    crosscheck.py write CONTRACTS OUTPUT SEED COUNT   writes records, as fastavro encodes them, for Swift to read
    crosscheck.py read INPUT                          reads records that Swift encoded, and compares

A file is a list of chunks, each a 32-bit little-endian length and so many bytes: the number of schemas, the schemas as JSON,
then three chunks a record: what it is, its body, and its dump. A dump spells a value without any freedom, so that two
implementations agree on it only if they agree on the value. Exit status 1 with the first differences, 0 when all agree.
"""
import datetime
import decimal
import io
import json
import os
import random
import string
import struct
import sys

import fastavro
import fastavro.schema

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
NAMED = ("record", "enum", "fixed")


class Types:
    """The named types of a schema."""

    def __init__(self, schema):
        self.named = {}
        self.collect(schema, "")

    def collect(self, schema, space):
        if isinstance(schema, list):
            for branch in schema:
                self.collect(branch, space)
        elif isinstance(schema, dict):
            if schema["type"] in NAMED:
                space = schema.get("namespace", space)
                name = schema["name"] if "." in schema["name"] or not space else f"{space}.{schema['name']}"
                self.named[name] = self.named[schema["name"]] = schema
                for field in schema.get("fields", []):
                    self.collect(field["type"], space)
            else:
                for key in ("items", "values", "type"):
                    if isinstance(schema.get(key), (dict, list)):
                        self.collect(schema[key], space)

    def of(self, schema):
        return self.named.get(schema, schema) if isinstance(schema, str) else schema


def kind(schema):
    return schema["type"] if isinstance(schema, dict) else schema


# Dumps


def dump(schema, value, types):
    schema = types.of(schema)
    if isinstance(schema, list):
        return dump(branch_of(schema, value, types), value, types)
    name = kind(schema)
    logical = schema.get("logicalType") if isinstance(schema, dict) else None
    if logical == "timestamp-millis":
        return f"T{(value - EPOCH) // datetime.timedelta(milliseconds=1)}"
    if logical == "decimal":
        return f"D{value:f}"
    if name == "null":
        return "n"
    if name == "boolean":
        return "t" if value else "f"
    if name in ("int", "long"):
        return f"i{value}"
    if name == "float":
        return "f" + struct.pack(">f", value).hex()
    if name == "double":
        return "d" + struct.pack(">d", value).hex()
    if name in ("bytes", "fixed"):
        return "b" + value.hex()
    if name == "string":
        return "s" + value.encode().hex()
    if name == "enum":
        return "e" + value
    if name == "array":
        return "[" + ",".join(dump(schema["items"], item, types) for item in value) + "]"
    if name == "map":
        pairs = sorted((key.encode().hex(), item) for key, item in value.items())
        return "{" + ",".join(f"{key}:{dump(schema['values'], item, types)}" for key, item in pairs) + "}"
    if name == "record":
        return "(" + ",".join(dump(field["type"], value[field["name"]], types) for field in schema["fields"]) + ")"
    raise ValueError(f"unknown type {schema}")


def branch_of(branches, value, types):
    """Our unions hold one type of each kind, so that the Python type tells the branch."""
    wanted = {
        type(None): ("null",), bool: ("boolean",), int: ("int", "long"), float: ("float", "double"),
        bytes: ("bytes", "fixed"), str: ("string", "enum"), list: ("array",), dict: ("record", "map"),
        datetime.datetime: ("long",), decimal.Decimal: ("bytes", "fixed"),
    }[type(value)]
    return next(branch for branch in branches if kind(types.of(branch)) in wanted)


# Random schemas and values


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.count = 0

    def name(self, prefix):
        self.count += 1
        return f"{prefix}{self.count}"

    def schema(self, depth=0):
        simple = [
            "boolean", "int", "long", "float", "double", "bytes", "string", "null",
            {"type": "long", "logicalType": "timestamp-millis"},
            {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
            {"type": "bytes", "logicalType": "decimal", "precision": 30, "scale": 9},
        ]
        if depth >= 4 or (depth > 0 and self.random.random() < 0.45):
            return self.random.choice(simple)
        shape = self.random.choice(["record", "record", "array", "map", "enum", "fixed", "union", "decimal", "list"])
        if depth == 0:
            shape = "record"
        if shape == "record":
            name = self.name("Record")
            fields = [{"name": f"f{i}", "type": self.schema(depth + 1)} for i in range(self.random.randint(0, 6))]
            return {"type": "record", "name": name, "namespace": "check", "fields": fields}
        if shape == "array":
            return {"type": "array", "items": self.schema(depth + 1)}
        if shape == "map":
            return {"type": "map", "values": self.schema(depth + 1)}
        if shape == "enum":
            return {"type": "enum", "name": self.name("Enum"), "symbols": [f"S{i}" for i in range(self.random.randint(1, 80))]}
        if shape == "fixed":
            return {"type": "fixed", "name": self.name("Fixed"), "size": self.random.randint(0, 20)}
        if shape == "decimal":
            return {"type": "fixed", "name": self.name("Fixed"), "size": 9, "logicalType": "decimal", "precision": 18, "scale": 3}
        if shape == "list":
            name = self.name("List")
            return {
                "type": "record", "name": name, "namespace": "check",
                "fields": [{"name": "value", "type": "long"}, {"name": "next", "type": ["null", f"check.{name}"]}],
            }
        # Of two types that promote to each other fastavro takes the first, we the equal one: unions have one of each here.
        choice = ["boolean", self.random.choice(["long", "double"]), self.random.choice(["bytes", "string"])]
        return ["null"] + self.random.sample(choice, self.random.randint(1, 3))

    def value(self, schema, types, depth=0):
        schema = types.of(schema)
        if isinstance(schema, list):
            return self.value(schema[0] if depth > 12 else self.random.choice(schema), types, depth + 1)
        name = kind(schema)
        logical = schema.get("logicalType") if isinstance(schema, dict) else None
        if logical == "timestamp-millis":
            return EPOCH + datetime.timedelta(milliseconds=self.random.randint(-62_000_000_000_000, 253_000_000_000_000))
        if logical == "decimal":
            most = 10 ** self.random.randint(1, schema["precision"]) - 1
            with decimal.localcontext() as context:
                context.prec = 60
                return decimal.Decimal(self.random.randint(-most, most)).scaleb(-schema["scale"])
        if name == "null":
            return None
        if name == "boolean":
            return self.random.random() < 0.5
        if name in ("int", "long"):
            bits = self.random.randint(1, 31 if name == "int" else 63)
            return self.random.choice([self.random.randint(-(1 << bits), (1 << bits) - 1), self.random.randint(-2, 2)])
        if name == "float":
            return struct.unpack("<f", struct.pack("<f", self.random.uniform(-1e30, 1e30)))[0]
        if name == "double":
            return self.random.choice([self.random.uniform(-1e300, 1e300), self.random.random(), 0.0, -0.0, float("inf")])
        if name == "bytes":
            return self.random.randbytes(self.random.choice([0, 3, 17, 300]) if depth < 3 else 2)
        if name == "fixed":
            return self.random.randbytes(schema["size"])
        if name == "string":
            return self.text(self.random.choice([0, 5, 15, 16, 40, 200]) if depth < 3 else 4)
        if name == "enum":
            return self.random.choice(schema["symbols"])
        if name == "array":
            return [self.value(schema["items"], types, depth + 1) for _ in range(self.size(depth))]
        if name == "map":
            keys = sorted({self.text(self.random.randint(0, 6)) for _ in range(self.size(depth))})
            return {key: self.value(schema["values"], types, depth + 1) for key in keys}
        return {field["name"]: self.value(field["type"], types, depth + 1) for field in schema["fields"]}

    def size(self, depth):
        return 0 if depth > 10 else self.random.choice([0, 1, 2, 3, 8 if depth < 3 else 2])

    def text(self, count):
        letters = string.ascii_letters + string.digits + " äßжعあ漢🙂🚀"
        return "".join(self.random.choice(letters) for _ in range(count))

    # A schema that reads what another wrote

    def evolved(self, schema, depth=0):
        """Adds, drops, reorders and promotes, as compatible readers do."""
        if isinstance(schema, str):
            promotions = {"int": ["long", "float", "double"], "long": ["float", "double"], "float": ["double"]}
            return self.random.choice([schema] + promotions.get(schema, []))
        if isinstance(schema, list):
            return schema + (["int"] if not any(name in schema for name in ("int", "long", "double")) and self.random.random() < 0.3 else [])
        if schema["type"] == "record" and not schema["name"].startswith("List"):
            fields = [
                dict(field, type=self.evolved(field["type"], depth + 1))
                for field in schema["fields"] if self.random.random() > 0.15
            ]
            defaults = [("string", "new"), ("long", -7), (["null", "string"], None), ("boolean", True), ("double", 1.5),
                        ({"type": "array", "items": "int"}, [1, 2, 3]), ({"type": "map", "values": "int"}, {"a": 1})]
            for _ in range(self.random.randint(0, 2)):
                type_, default = self.random.choice(defaults)
                fields.append({"name": self.name("added"), "type": type_, "default": default})
            if self.random.random() < 0.3:
                self.random.shuffle(fields)
            return dict(schema, fields=fields)
        if schema["type"] == "array":
            return dict(schema, items=self.evolved(schema["items"], depth + 1))
        if schema["type"] == "map":
            return dict(schema, values=self.evolved(schema["values"], depth + 1))
        if schema["type"] == "enum":
            return dict(schema, symbols=schema["symbols"] + [self.name("NEW")])
        return schema


# Files


def chunk(out, data):
    out.write(struct.pack("<I", len(data)))
    out.write(data)


def chunks(data):
    position = 0
    while position < len(data):
        (count,) = struct.unpack_from("<I", data, position)
        yield data[position + 4:position + 4 + count]
        position += 4 + count


def write(contracts, path, seed, count):
    maker = Maker(seed)
    names = sorted(name for name in os.listdir(contracts) if name.endswith(".avsc"))
    schemas = [json.load(open(os.path.join(contracts, name))) for name in names]
    schemas += [maker.schema() for _ in range(80)]
    pairs = []
    for schema in schemas[:]:
        pairs.append((len(schemas), schemas.index(schema)))
        schemas.append(maker.evolved(schema))
    parsed = [fastavro.schema.parse_schema(json.loads(json.dumps(schema)), named_schemas={}) for schema in schemas]
    types = [Types(schema) for schema in schemas]
    with open(path, "wb") as out:
        chunk(out, str(len(schemas)).encode())
        for schema, own in zip(schemas, parsed):
            chunk(out, json.dumps(schema).encode())
            chunk(out, fastavro.schema.to_parsing_canonical_form(json.loads(json.dumps(schema))).encode())
            canonical = fastavro.schema.to_parsing_canonical_form(json.loads(json.dumps(schema)))
            chunk(out, fastavro.schema.fingerprint(canonical, "CRC-64-AVRO").encode())
        for index in range(count):
            reader, writer = pairs[index % len(pairs)]
            value = maker.value(schemas[writer], types[writer])
            buffer = io.BytesIO()
            fastavro.schemaless_writer(buffer, parsed[writer], value)
            chunk(out, f"{writer}".encode())
            chunk(out, buffer.getvalue())
            chunk(out, dump(schemas[writer], value, types[writer]).encode())
            if index % 2 == 0:
                continue
            buffer.seek(0)
            resolved = fastavro.schemaless_reader(buffer, parsed[writer], parsed[reader])
            chunk(out, f"{writer} {reader}".encode())
            chunk(out, buffer.getvalue())
            chunk(out, dump(schemas[reader], resolved, types[reader]).encode())


def read(path):
    parts = chunks(open(path, "rb").read())
    schemas = [json.loads(next(parts)) for _ in range(int(next(parts)))]
    parsed = [fastavro.schema.parse_schema(json.loads(json.dumps(schema)), named_schemas={}) for schema in schemas]
    types = [Types(schema) for schema in schemas]
    total = wrong = 0
    for label in parts:
        index, body, wanted = int(label), next(parts), next(parts).decode()
        buffer = io.BytesIO(body)
        found = dump(schemas[index], fastavro.schemaless_reader(buffer, parsed[index], None), types[index])
        total += 1
        if found != wanted or buffer.tell() != len(body):
            wrong += 1
            if wrong <= 3:
                print(f"schema {json.dumps(schemas[index])}\nbody {body.hex()}\nwanted {wanted}\nfound  {found}")
    print(f"{total} records read, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
    else:
        sys.exit(read(sys.argv[2]))
