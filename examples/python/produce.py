#!/usr/bin/env python3
"""Writes an event to a topic of the hub. Reads its data from standard input, and adds the envelope and the headers.

    echo '{"userId": "usr_1", "email": "ada@example.org", "firstName": "Ada", "lastName": "Lovelace", "role": "STUDENT",
           "registeredAt": "2026-01-31T12:00:00Z"}' | produce.py user.registered --key usr_1
"""

import argparse
import datetime
import decimal
import json
import secrets
import sys
import uuid

from confluent_kafka import Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("topic", metavar="TOPIC")
    parser.add_argument("--key", required=True, help="the value of the key field of the topic, such as userId; see contracts/")
    parser.add_argument("--source", default="example-service", help="the name of the producer (%(default)s)")
    parser.add_argument("--brokers", default="127.0.0.1:9092", help="addresses of Kafka brokers (%(default)s)")
    parser.add_argument("--registry", default="http://127.0.0.1:3081", help="the schema registry (%(default)s)")
    return parser.parse_args()


def with_times(value):
    """Converts ISO-8601 strings to times, as the schemas require."""
    if isinstance(value, dict):
        return {name: with_times(member) for name, member in value.items()}
    if isinstance(value, list):
        return [with_times(item) for item in value]
    if isinstance(value, str) and value[10:11] == "T" and value.endswith("Z"):
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    return value


def envelope(topic, data, source):
    return {
        "eventId": f"evt_{uuid.uuid4().hex}",
        "eventType": topic,
        "timestamp": datetime.datetime.now(datetime.timezone.utc),
        "version": "1.0",
        "data": data,
        "metadata": {
            "correlationId": f"req_{uuid.uuid4().hex}",
            "source": source,
            "traceId": secrets.token_hex(16),
            "causationId": None,
        },
    }


def main():
    given = arguments()
    event = envelope(given.topic, with_times(json.load(sys.stdin, parse_float=decimal.Decimal)), given.source)
    # Uses the registered schema and never registers another: an event that does not match it fails here, not at its readers.
    encode = AvroSerializer(
        SchemaRegistryClient({"url": given.registry}),
        conf={"auto.register.schemas": False, "use.latest.version": True},
    )
    try:
        value = encode(event, SerializationContext(given.topic, MessageField.VALUE))
    except (SchemaRegistryError, ValueError, TypeError) as error:
        sys.exit(f"the data do not match the schema of {given.topic}: {error}")
    metadata = event["metadata"]
    producer = Producer({"bootstrap.servers": given.brokers, "enable.idempotence": True, "acks": "all"})
    refusals = []
    producer.produce(
        given.topic,
        key=given.key.encode(),
        value=value,
        headers={
            "event-id": event["eventId"],
            "event-type": given.topic,
            "correlation-id": metadata["correlationId"],
            "traceparent": f"00-{metadata['traceId']}-{secrets.token_hex(8)}-01",
            "content-type": "application/vnd.confluent.avro",
        },
        on_delivery=lambda error, message: refusals.append(error) if error else None,
    )
    if producer.flush(30) or refusals:
        sys.exit(f"the event was not written: {refusals[0] if refusals else 'Kafka did not respond'}")
    print(event["eventId"])


main()
