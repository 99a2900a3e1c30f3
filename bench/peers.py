"""What others do on the same brokers: messages or events a second, a line on standard output.

usage: peers.py python-produce|python-consume|java-produce|java-consume|debezium-relay SERVERS TOPIC COUNT

The messages and settings are those of the rows `kafka.produce` and `kafka.consume`; Debezium reads an outbox of COUNT events, committed
500 at a time before it starts, as the row `relay.kafka` does, into a topic of its own. KAFKA_HOME is an unpacked Kafka with Connect; CONNECT_PLUGINS the folder
that holds Debezium's connector for PostgreSQL. Exit status 3: something that is needed is not here, and the last line says what.
"""

import glob
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid

VALUE_BYTES = 200
KEYS = [f"usr_{number:026d}" for number in range(1000)]
# As the driver sets them.
PRODUCER = {
    "enable.idempotence": "true", "acks": "all", "compression.type": "lz4", "linger.ms": "5", "batch.size": "1000000",
}
LIMIT_SECONDS = 120


def lack(what):
    print(what)
    sys.exit(3)


def values():
    random, found = 1, []
    for _ in KEYS:
        value = bytearray()
        for _ in range(VALUE_BYTES):
            random = (random * 1664525 + 1013904223) & 0xFFFFFFFF
            value.append(random >> 28)
        found.append(bytes(value))
    return found


# Python


def confluent_kafka():
    try:
        import confluent_kafka as module
    except ImportError:
        lack("`make setup-tests` installs confluent-kafka")
    return module


def python_produce(servers, topic, count):
    kafka = confluent_kafka()
    stored = 0

    def report(error, _):
        nonlocal stored
        if error:
            sys.exit(f"a message was not stored: {error}")
        stored += 1

    producer = kafka.Producer({
        "bootstrap.servers": servers, **PRODUCER, "partitioner": "murmur2_random", "batch.num.messages": "10000",
        "queue.buffering.max.messages": "100000", "on_delivery": report,
    })
    known = values()

    def produce(many):
        for index in range(many):
            while True:
                try:
                    producer.produce(topic, known[index % len(KEYS)], KEYS[index % len(KEYS)])
                    break
                except BufferError:
                    producer.poll(0.1)
            if index % 1000 == 0:
                producer.poll(0)
        producer.flush()

    produce(len(KEYS))
    start = time.monotonic()
    produce(count)
    assert stored == count + len(KEYS)
    return count / (time.monotonic() - start)


def python_consume(servers, topic, count, batch=500):
    kafka = confluent_kafka()
    consumer = kafka.Consumer({
        "bootstrap.servers": servers, "group.id": f"peer-{uuid.uuid4()}", "auto.offset.reset": "earliest",
        "enable.auto.commit": "false", "partition.assignment.strategy": "cooperative-sticky",
        "queued.max.messages.kbytes": "4096", "queued.min.messages": "10000",
    })
    consumer.subscribe([topic])
    seen, start, end = 0, None, time.monotonic() + LIMIT_SECONDS
    while seen < count:
        messages = consumer.consume(batch, 0.1)
        if messages and start is None:
            start = time.monotonic()
        for message in messages:
            if message.error():
                sys.exit(f"not read: {message.error()}")
            assert message.value()
        seen += len(messages)
        if time.monotonic() > end:
            sys.exit(f"{seen} of {count} messages in {LIMIT_SECONDS} s")
    rate = seen / (time.monotonic() - start)
    consumer.close()
    return rate


# Java


def java(kind, *arguments, output=subprocess.PIPE):
    home = os.environ.get("KAFKA_HOME", "")
    jars = sorted(glob.glob(f"{home}/libs/{kind}-*.jar") + glob.glob(f"{home}/*/libs/{kind}-*.jar"))
    if not jars or not shutil.which("java"):
        lack(f"needs Java 17, and KAFKA_HOME with {kind}-*.jar in libs")
    command = ["java", "-Xmx384m", "-cp", os.path.dirname(jars[-1]) + "/*", *arguments]
    return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, text=True)


def java_produce(servers, topic, count):
    props = [f"{name}={value}" for name, value in PRODUCER.items()]
    process = java(
        "kafka-tools", "org.apache.kafka.tools.ProducerPerformance", "--topic", topic, "--num-records", str(count),
        "--record-size", str(VALUE_BYTES), "--throughput", "-1", "--producer-props", f"bootstrap.servers={servers}",
        *props)
    # The last line is the sum: `500000 records sent, 123456.7 records/sec (…`.
    rates = re.findall(r"([0-9.]+) records/sec", process.communicate()[0])
    return float(rates[-1])


def java_consume(servers, topic, count):
    process = java(
        "kafka-tools", "org.apache.kafka.tools.ConsumerPerformance", "--bootstrap-server", servers, "--topic", topic,
        "--messages", str(count), "--group", f"peer-{uuid.uuid4()}", "--timeout", "60000")
    lines = [line.split(", ") for line in process.communicate()[0].splitlines() if line.count(", ") >= 9]
    # What joining the group takes is left out, as everywhere.
    return float(dict(zip(lines[0], lines[-1]))["fetch.nMsg.sec"])


# Debezium


class Postgres:
    """A server in a folder of its own that keeps what logical decoding needs, reached by TCP as JDBC wants it."""

    def __init__(self, folder):
        self.programs = next(iter(sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)), None)
        self.programs = self.programs or os.path.dirname(shutil.which("initdb") or lack("needs PostgreSQL's initdb"))
        self.data, self.password = f"{folder}/postgres", uuid.uuid4().hex
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        # The server refuses to run as root.
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self.user:
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)
        secret = f"{folder}/password"
        with open(secret, "w") as file:
            file.write(self.password)
        self.run("initdb", "-D", self.data, "-U", "postgres", "--auth=scram-sha-256", f"--pwfile={secret}")
        self.run(
            "pg_ctl", "-D", self.data, "-w", "-l", f"{folder}/postgres.log", "start", "-o",
            f"-c wal_level=logical -c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories=")

    def run(self, program, *arguments, **options):
        as_user = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}
        return subprocess.run(
            [f"{self.programs}/{program}", *arguments], check=True, text=True, stdout=subprocess.PIPE, cwd="/",
            **as_user, **options).stdout

    def query(self, text):
        address = f"host=127.0.0.1 port={self.port} user=postgres password={self.password} dbname=postgres"
        return self.run("psql", "-qAt", "-v", "ON_ERROR_STOP=1", address, input=text)

    def stop(self):
        self.run("pg_ctl", "-D", self.data, "-m", "immediate", "stop")


OUTBOX = """
create table outbox (
    id uuid primary key, aggregatetype text not null, aggregateid text not null, type text not null, payload bytea not null);
create publication debezium for table outbox;
select pg_create_logical_replication_slot('debezium', 'pgoutput');
"""
# As many events a transaction as in `relay.kafka`.
FILL = """
do $$ begin
    for batch in 1..{count} / 500 loop
        insert into outbox select gen_random_uuid(), '{topic}', 'usr_' || lpad(n::text, 26, '0'), 'UserRegistered',
            decode(repeat(md5(n::text), 12), 'hex') from generate_series(1, 500) n;
        commit;
    end loop;
end $$;
"""


def debezium_relay(servers, topic, count):
    plugins = os.environ.get("CONNECT_PLUGINS", "")
    if not glob.glob(f"{plugins}/**/debezium-connector-postgres-*.jar", recursive=True):
        lack("CONNECT_PLUGINS names no folder with debezium-connector-postgres-*.jar")
    confluent_kafka()
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": servers})
    # As the catalogue has `user.registered`.
    admin.create_topics([NewTopic(topic, 3, 3)])[topic].result()
    folder = tempfile.mkdtemp(prefix="hub-debezium-", dir="/tmp")
    postgres = Postgres(folder)
    worker = None
    try:
        postgres.query(OUTBOX + FILL.format(count=count, topic=topic))
        connect = {
            "bootstrap.servers": servers, "plugin.path": plugins, "listeners": "http://127.0.0.1:0",
            "offset.storage.file.filename": f"{folder}/offsets", "offset.flush.interval.ms": "1000",
            "key.converter": "org.apache.kafka.connect.storage.StringConverter",
            "value.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
            # As the driver sets them.
            **{f"producer.{name}": value for name, value in PRODUCER.items()},
        }
        connector = {
            "name": "outbox", "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "database.hostname": "127.0.0.1", "database.port": str(postgres.port), "database.user": "postgres",
            "database.password": postgres.password, "database.dbname": "postgres", "topic.prefix": "peer",
            "plugin.name": "pgoutput", "slot.name": "debezium", "publication.name": "debezium",
            "publication.autocreate.mode": "disabled", "snapshot.mode": "no_data", "table.include.list": "public.outbox",
            "transforms": "outbox", "transforms.outbox.type": "io.debezium.transforms.outbox.EventRouter",
            "transforms.outbox.route.topic.replacement": "${routedByValue}", "tombstones.on.delete": "false",
        }
        for name, settings in (("worker", connect), ("connector", connector)):
            with open(f"{folder}/{name}.properties", "w") as file:
                file.writelines(f"{key}={value}\n" for key, value in settings.items())
        with open(f"{folder}/connect.log", "w") as log:
            worker = java(
                "connect-runtime", "org.apache.kafka.connect.cli.ConnectStandalone", f"{folder}/worker.properties",
                f"{folder}/connector.properties", output=log)
            return python_consume(servers, topic, count)
    finally:
        if worker:
            worker.kill()
            worker.wait()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
        admin.delete_topics([topic])[topic].result()


ROWS = {
    "python-produce": python_produce, "python-consume": python_consume, "java-produce": java_produce,
    "java-consume": java_consume, "debezium-relay": debezium_relay,
}

if __name__ == "__main__":
    if len(sys.argv) != 5 or sys.argv[1] not in ROWS:
        sys.exit(__doc__)
    print(f"{ROWS[sys.argv[1]](sys.argv[2], sys.argv[3], int(sys.argv[4])):.0f}")
