public import Postgres

extension PostgresLog {
    /// The PostgreSQL schema of the log.
    public static let schema = "event_log"

    /// The tables and functions of the log, to be migrated in ``schema``. Every name is qualified, so that any connection can use them.
    public static let migrations = MigrationHistory(
        component: "log",
        [
            Migration(id: "001-topics", sql: topicTables),
            Migration(id: "002-records", sql: recordTable),
            Migration(id: "003-groups", sql: groupTables),
            Migration(id: "004-append", sql: appendFunction),
            Migration(id: "005-offset-at", sql: offsetAtFunction),
            Migration(id: "006-any-bytes", sql: anyBytes),
            Migration(id: "007-topic-settings", sql: topicSettings),
        ])

    /// `next_offset` is protected by the row lock that an append acquires: its holder assigns offsets and commits before the next append
    /// can, so offsets become visible in order.
    private static let topicTables = """
        create table event_log.topic (
            topic_id bigint generated always as identity primary key,
            name text not null unique,
            retention_ms bigint not null,
            replication_count int not null
        );
        create table event_log.partition (
            partition_id bigint generated always as identity primary key,
            topic_id bigint not null references event_log.topic on delete cascade,
            partition int not null,
            first_offset bigint not null default 0,
            next_offset bigint not null default 0,
            last_time timestamptz not null default '-infinity',
            unique (topic_id, partition)
        ) with (fillfactor = 20);
        """

    private static let recordTable = """
        create table event_log.record (
            partition_id bigint not null,
            "offset" bigint not null,
            time timestamptz not null,
            correlation_id text,
            key text not null,
            headers bytea not null,
            value bytea not null,
            primary key (partition_id, "offset")
        );
        alter table event_log.record alter column value set storage external;
        create index record_correlation on event_log.record (correlation_id) where correlation_id is not null;
        """

    /// A lease is a `group_partition` row with a member; `generation` increases with every change of the holder and identifies the lease.
    private static let groupTables = """
        create table event_log.consumer_group (
            name text primary key
        );
        create table event_log.member (
            group_name text not null references event_log.consumer_group on delete cascade,
            member_id text not null,
            session_key bigint not null,
            topics text[] not null,
            expires_at timestamptz not null,
            primary key (group_name, member_id)
        );
        create table event_log.group_partition (
            group_name text not null references event_log.consumer_group on delete cascade,
            partition_id bigint not null references event_log.partition on delete cascade,
            committed bigint,
            member_id text,
            generation bigint not null default 0,
            primary key (group_name, partition_id)
        ) with (fillfactor = 50);
        """

    /// Stores a batch and returns the first offset assigned in each partition. `places` is a record's index within its partition in this
    /// batch, from 0. Rows are locked in id order, so that two batches cannot deadlock.
    private static let appendFunction = """
        create function event_log.append(
            ids bigint[], places bigint[], counted_ids bigint[], counts bigint[],
            correlations text[], keys text[], all_headers bytea[], all_values bytea[]
        ) returns table (partition_id bigint, base_offset bigint) language plpgsql as $$
        begin
            perform 1 from event_log.partition p where p.partition_id = any(counted_ids) order by p.partition_id for update;
            return query
            with moved as (
                update event_log.partition p
                set next_offset = p.next_offset + c.count, last_time = greatest(p.last_time, clock_timestamp())
                from unnest(counted_ids, counts) as c (id, count) where p.partition_id = c.id
                returning p.partition_id as id, p.next_offset - c.count as base, p.last_time
            ), stored as (
                insert into event_log.record (partition_id, "offset", time, correlation_id, key, headers, value)
                select r.id, m.base + r.place, m.last_time, nullif(r.correlation, ''), r.key, r.headers, r.value
                from unnest(ids, places, correlations, keys, all_headers, all_values)
                    as r (id, place, correlation, key, headers, value)
                join moved m on m.id = r.id
            )
            select m.id, m.base from moved m;
            -- A payload is limited to 8,000 bytes; without ids it wakes every reader.
            perform pg_notify('event_log', 'p' || case when cardinality(counted_ids) <= 300 then array_to_string(counted_ids, ',') else '' end);
        end $$;
        """

    /// Records as in Apache Kafka: keys of arbitrary bytes or null, tombstones, explicit timestamps.
    ///
    /// A record's timestamp is the latest of three values: the partition's last timestamp; the explicit timestamps of this record and
    /// earlier ones in this batch (`floors`); and now, if this record or an earlier one has no explicit timestamp (`clocked`). Empty
    /// lists mean that no record has one.
    private static let anyBytes = """
        alter table event_log.record
            alter column key type bytea using convert_to(key, 'UTF8'), alter column key drop not null,
            alter column value drop not null;
        drop function event_log.append(bigint[], bigint[], bigint[], bigint[], text[], text[], bytea[], bytea[]);
        create function event_log.append(
            ids bigint[], places bigint[], counted_ids bigint[], counts bigint[], last_floors timestamptz[],
            last_clocked boolean[], correlations text[], keys bytea[], all_headers bytea[], all_values bytea[],
            floors timestamptz[], clocked boolean[]
        ) returns table (partition_id bigint, base_offset bigint) language plpgsql as $$
        declare
            moment timestamptz;
        begin
            perform 1 from event_log.partition p where p.partition_id = any(counted_ids) order by p.partition_id for update;
            moment := clock_timestamp();
            return query
            with moved as (
                update event_log.partition p
                set next_offset = p.next_offset + c.count,
                    last_time = greatest(p.last_time, c.floor, case when c.clocked is not false then moment end)
                from unnest(counted_ids, counts, last_floors, last_clocked) as c (id, count, floor, clocked),
                    event_log.partition before
                where p.partition_id = c.id and before.partition_id = c.id
                returning p.partition_id as id, p.next_offset - c.count as base, before.last_time as time
            ), stored as (
                insert into event_log.record (partition_id, "offset", time, correlation_id, key, headers, value)
                select r.id, m.base + r.place, greatest(m.time, r.floor, case when r.clocked is not false then moment end),
                    nullif(r.correlation, ''), r.key, r.headers, r.value
                from unnest(ids, places, correlations, keys, all_headers, all_values, floors, clocked)
                    as r (id, place, correlation, key, headers, value, floor, clocked)
                join moved m on m.id = r.id
            )
            select m.id, m.base from moved m;
            -- A payload is limited to 8,000 bytes; without ids it wakes every reader.
            perform pg_notify('event_log', 'p' || case when cardinality(counted_ids) <= 300 then array_to_string(counted_ids, ',') else '' end);
        end $$;
        """

    private static let topicSettings = """
        alter table event_log.topic
            add column record_bytes_max bigint not null default 1048576,
            add column in_sync_replicas_min int not null default 2;
        update event_log.topic set record_bytes_max = 1048576 + 65536 where name like '%.dlq' or name like '%.redrive';
        """

    /// Offsets of a partition have no gaps and timestamps never decrease, so a binary search finds the position without an index on the
    /// time.
    private static let offsetAtFunction = """
        create function event_log.offset_at(wanted_id bigint, wanted_time timestamptz) returns bigint
        language plpgsql stable as $$
        declare
            low bigint;
            high bigint;
            middle bigint;
            found_time timestamptz;
        begin
            select p.first_offset, p.next_offset into low, high
            from event_log.partition p where p.partition_id = wanted_id;
            while low < high loop
                middle := (low + high) / 2;
                select r.time into found_time
                from event_log.record r where r.partition_id = wanted_id and r."offset" = middle;
                if found_time is null or found_time < wanted_time then low := middle + 1; else high := middle; end if;
            end loop;
            return low;
        end $$;
        """
}
