#!/usr/bin/env python3
"""Prints the events of some topics, one JSON object per line, and commits its position.

    consume.py user.registered points.awarded
    consume.py --group report --from-beginning payment.completed
"""

import argparse
import json
import sys

from confluent_kafka import Consumer, KafkaError
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("topics", nargs="+", metavar="TOPIC")
    parser.add_argument("--brokers", default="127.0.0.1:9092", help="addresses of Kafka brokers (%(default)s)")
    parser.add_argument("--registry", default="http://127.0.0.1:3081", help="the schema registry (%(default)s)")
    parser.add_argument("--group", default="example", help="the consumer group (%(default)s)")
    parser.add_argument("--from-beginning", action="store_true", help="begin with the oldest event in partitions without a committed position")
    parser.add_argument("--limit", type=int, help="end after LIMIT events")
    return parser.parse_args()


def main():
    given = arguments()
    decode = AvroDeserializer(SchemaRegistryClient({"url": given.registry}))
    consumer = Consumer({
        "bootstrap.servers": given.brokers,
        "group.id": given.group,
        "auto.offset.reset": "earliest" if given.from_beginning else "latest",
        # The position is committed after the event was handled: an event may be delivered again, but none is lost.
        "enable.auto.commit": False,
    })
    consumer.subscribe(given.topics)
    handled = set()
    try:
        while given.limit is None or len(handled) < given.limit:
            message = consumer.poll(1.0)
            if message is None:
                continue
            if message.error():
                if message.error().code() == KafkaError._PARTITION_EOF:
                    continue
                sys.exit(f"Kafka: {message.error()}")
            event = decode(message.value(), SerializationContext(message.topic(), MessageField.VALUE))
            # A real consumer stores the ids together with its effects, in one transaction.
            if event["eventId"] not in handled:
                handled.add(event["eventId"])
                print(json.dumps(event, default=str), flush=True)
            consumer.commit(message, asynchronous=False)
    except KeyboardInterrupt:
        pass
    finally:
        consumer.close()


main()
