"""Speaks to a running registry as Confluent's own Python client does. Ends with 0 when everything was as it should be.

usage: registry_client.py URL TOKEN GOLDENS
"""

import json
import pathlib
import sys

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

url, token, goldens = sys.argv[1:4]


def client(password=token):
    return SchemaRegistryClient({"url": url, "basic.auth.user.info": f"python:{password}"})


def refused(status, code, call, *arguments, **options):
    try:
        call(*arguments, **options)
    except SchemaRegistryError as error:
        assert (error.http_status_code, error.error_code) == (status, code), error
        return error
    raise AssertionError(f"{call.__name__}{arguments} was not refused")


def record(*fields):
    return Schema(json.dumps({"type": "record", "name": "Greeting", "fields": list(fields)}), "AVRO")


def registration(registry):
    plain = record({"name": "text", "type": "string"})
    wider = record({"name": "text", "type": "string"}, {"name": "count", "type": "int", "default": 0})
    broken = record({"name": "text", "type": "string"}, {"name": "must", "type": "int"})

    schema_id = registry.register_schema("greetings-value", plain)
    second = registry.register_schema("greetings-value", wider)
    assert schema_id != second
    assert registry.register_schema("other/greetings-value", plain) == schema_id
    found = registry.lookup_schema("greetings-value", wider)
    assert (found.schema_id, found.version) == (second, 2), found
    assert registry.get_latest_version("greetings-value").schema_id == second
    assert json.loads(client().get_schema(schema_id).schema_str)["name"] == "Greeting"
    assert registry.get_versions("greetings-value") == [1, 2]
    assert registry.get_subjects_by_schema_id(schema_id) == ["greetings-value", "other/greetings-value"]
    assert registry.get_schema_types() == ["AVRO"]

    assert not registry.test_compatibility("greetings-value", broken)
    assert registry.test_compatibility("greetings-value", wider, version=1)
    error = refused(409, 409, registry.register_schema, "greetings-value", broken)
    assert "must: a field the writer does not have needs a default" in error.error_message, error
    refused(422, 42201, registry.register_schema, "greetings-value", Schema("{}", "AVRO"))
    refused(422, 42201, registry.register_schema, "greetings-value", Schema('syntax = "proto3";', "PROTOBUF"))
    refused(404, 40403, registry.lookup_schema, "greetings-value", record())
    refused(404, 40401, registry.get_latest_version, "none")
    refused(401, 401, client("a wrong password").register_schema, "greetings-value", record())


def rules(registry):
    assert registry.get_compatibility() == "FULL_TRANSITIVE"
    refused(404, 40408, registry.get_compatibility, "greetings-value")
    assert registry.set_compatibility("greetings-value", "NONE") == {"compatibility": "NONE"}
    assert registry.get_compatibility("greetings-value") == "NONE"
    assert registry.get_config("greetings-value").compatibility_level == "NONE"
    registry.delete_config("greetings-value")
    assert registry.update_mode("greetings-value", "READONLY") == "READONLY"
    refused(422, 42205, registry.register_schema, "greetings-value", record({"name": "z", "type": "int", "default": 1}))
    assert registry.delete_mode("greetings-value") == "READONLY"
    assert registry.get_global_mode() == "READWRITE"


def deletion(registry):
    assert registry.delete_version("greetings-value", 1) == 1
    assert registry.get_versions("greetings-value") == [2]
    assert registry.delete_subject("greetings-value") == [2]
    assert registry.delete_subject("greetings-value", permanent=True) == [1, 2]
    refused(404, 40405, registry.delete_subject, "other/greetings-value", permanent=True)
    assert registry.delete_subject("other/greetings-value") == [1]


def events(registry):
    """What the hub writes is read, and what this client writes of it is the same, byte for byte."""
    count = 0
    for subject in registry.get_subjects():
        topic = subject.removesuffix("-value")
        latest = registry.get_latest_version(subject)
        # A new registry knows an event as it is now; the bytes of its earlier versions lie beside those.
        bodies = sorted(pathlib.Path(goldens).glob(f"{topic}.[0-9]*.hex"), key=lambda path: int(path.suffixes[-2][1:]))
        if topic == subject or not bodies:
            continue
        body = bodies[-1]
        message = b"\0" + latest.schema_id.to_bytes(4, "big") + bytes.fromhex(body.read_text().replace("\n", ""))
        context = SerializationContext(topic, MessageField.VALUE)
        event = AvroDeserializer(registry)(message, context)
        assert event["eventType"] == topic, event
        assert event["eventId"].startswith("evt_"), event
        serializer = AvroSerializer(
            registry, latest.schema.schema_str, conf={"auto.register.schemas": False, "normalize.schemas": True})
        assert serializer(event, context) == message, topic
        count += 1
    return count


def main():
    with client() as registry:
        registration(registry)
        rules(registry)
        deletion(registry)
        print(events(registry), "events")


main()
