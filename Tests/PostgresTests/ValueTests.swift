internal import Foundation
internal import HubTesting
internal import Postgres
internal import Testing

@Suite(.timeLimit(.minutes(3))) struct `Values` {
    /// Sends a value, reads it back, and compares the server's text form.
    private func roundTrip<Value: PostgresValue & Equatable & Sendable>(
        _ value: Value, _ text: String, on database: Database, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let rows = try await database.query("select \(value), \(value)::text")
        let (back, seen) = try #require(rows.first).decode(Value.self, String?.self)
        #expect(back == value, sourceLocation: sourceLocation)
        #expect(seen == text, sourceLocation: sourceLocation)
    }

    @Test func `every type arrives as it was sent`() async throws {
        try await TestDatabase.with { test in
            let db = test.database
            try await roundTrip(true, "true", on: db)
            try await roundTrip(Int16.min, "-32768", on: db)
            try await roundTrip(Int32.min, "-2147483648", on: db)
            try await roundTrip(Int64.min, "-9223372036854775808", on: db)
            try await roundTrip(Int.max, "9223372036854775807", on: db)
            try await roundTrip(0.1, "0.1", on: db)
            try await roundTrip(-Double.infinity, "-Infinity", on: db)
            try await roundTrip("plain", "plain", on: db)
            try await roundTrip([UInt8]([0, 1, 255]), "\\x0001ff", on: db)
            let id = try #require(UUID(uuidString: "0197a3e0-1234-7abc-8def-00112233ff44"))
            try await roundTrip(id, "0197a3e0-1234-7abc-8def-00112233ff44", on: db)
            try await roundTrip(
                Date(timeIntervalSince1970: 1_700_000_000.123456), "2023-11-14 22:13:20.123456+00", on: db)
            try await roundTrip(Date(timeIntervalSince1970: -62_135_596_800), "0001-01-01 00:00:00+00", on: db)
            try await roundTrip(JSONValue(bytes: Array(#"{"a": 1}"#.utf8)), #"{"a": 1}"#, on: db)
            try await roundTrip(["a", "", "b,\"{}"], #"{a,"","b,\"{}"}"#, on: db)
            try await roundTrip([String](), "{}", on: db)
            try await roundTrip([1, nil, 3] as [Int?], "{1,NULL,3}", on: db)
            try await roundTrip([true, false], "{t,f}", on: db)
            try await roundTrip([id], "{0197a3e0-1234-7abc-8def-00112233ff44}", on: db)
            try await roundTrip([[0xAB], []] as [[UInt8]], #"{"\\xab","\\x"}"#, on: db)
            try await roundTrip([Date(timeIntervalSince1970: 0)], #"{"1970-01-01 00:00:00+00"}"#, on: db)
            try await roundTrip([1.5], "{1.5}", on: db)
            let nothing = try await db.query("select \(nil as String?), \(nil as [Int]?)")
            let (text, numbers) = try #require(nothing.first).decode(String?.self, [Int]?.self)
            #expect(text == nil && numbers == nil)
        }
    }

    @Test(arguments: [
        "0", "1", "-1", "10", "100000", "0.1", "-0.0001", "0.00010001", "123456789.987654321", "9999.9999",
        "10000.0001",
        "12345678901234567890123456789012345678", "-0.12345678901234567890123456789012345678", "5e40", "5e-40",
        "99999999999999999999999999999999999999",
    ])
    func `a decimal is exact`(_ text: String) async throws {
        let value = try #require(Decimal(string: text))
        try await TestDatabase.with { test in
            let rows = try await test.database.query(
                "select \(value), \(value) = (\(text)::text)::numeric, (\(text)::text)::numeric")
            let (back, same, fromServer) = try #require(rows.first).decode(Decimal.self, Bool.self, Decimal.self)
            #expect(back == value)
            #expect(same, "the server got another number")
            #expect(fromServer == value)
        }
    }

    @Test func `ten thousand random decimals are exact`() async throws {
        var random = SystemRandomNumberGenerator()
        let values = (0..<10_000).map { _ in
            let digits = String(UInt128.random(in: 0...(1 << 120), using: &random)).prefix(
                Int.random(in: 1...36, using: &random))
            let point = Int.random(in: 0...digits.count, using: &random)
            let text =
                (Bool.random(using: &random) ? "-" : "") + "0" + digits.prefix(point) + "." + digits.dropFirst(point)
                + "0"
            return (text, Decimal(string: text) ?? 0)
        }
        try await TestDatabase.with { test in
            let texts = values.map(\.0), numbers = values.map(\.1)
            let rows = try await test.database.query(
                """
                select count(*) filter (where n <> t::numeric), array_agg(t::numeric order by i)
                from unnest(\(numbers), \(texts)) with ordinality as u (n, t, i)
                """)
            let (wrong, back) = try #require(rows.first).decode(Int.self, [Decimal].self)
            #expect(wrong == 0)
            #expect(back == numbers)
        }
    }

    @Test func `a value without an exact representation is refused in both directions`() async throws {
        try await TestDatabase.with { test in
            func refuses(_ kind: PostgresError.Kind, _ body: () async throws -> Void) async {
                let error = await #expect(throws: PostgresError.self) { try await body() }
                #expect(error?.kind == kind)
            }
            let db = test.database
            await refuses(.encoding) { _ = try await db.query("select \(Decimal.nan)") }
            await refuses(.encoding) { _ = try await db.query("select \(Date(timeIntervalSince1970: .nan))") }
            for text in ["'NaN'::numeric", "'Infinity'::numeric", "1e200::numeric", "(repeat('9', 50))::numeric"] {
                await refuses(.decoding) {
                    _ = try await db.query("select \(raw: text)").first?.get(0, as: Decimal.self)
                }
            }
            for text in ["'infinity'::timestamptz", "'-infinity'::date"] {
                await refuses(.decoding) { _ = try await db.query("select \(raw: text)").first?.get(0, as: Date.self) }
            }
            await refuses(.decoding) { _ = try await db.query("select null::text").first?.get(0, as: String.self) }
            await refuses(.decoding) { _ = try await db.query("select 70000").first?.get(0, as: Int16.self) }
            await refuses(.decoding) { _ = try await db.query("select 'x'::text").first?.get(0, as: Int.self) }
            await refuses(.decoding) { _ = try await db.query("select 1.5").first?.get(0, as: String.self) }
            await refuses(.decoding) {
                _ = try await db.query("select array[[1,2],[3,4]]").first?.get(0, as: [Int].self)
            }
            await refuses(.decoding) { _ = try await db.query("select 1").first?.get(7, as: Int.self) }
        }
    }

    @Test(arguments: [
        "'; drop table t; --", "\\", "\"", "$1", "%s", "\u{1F469}\u{200D}\u{1F680}", "\u{202E}abc", "ﷺ", "\r\n\t", "''",
        String(repeating: "x", count: 1_000_000),
    ])
    func `hostile text stays plain text`(_ text: String) async throws {
        try await TestDatabase.with { test in
            let rows = try await test.database.query("select \(text), octet_length(\(text)), \([text])")
            let (back, length, list) = try #require(rows.first).decode(String.self, Int.self, [String].self)
            #expect(back == text && list == [text])
            #expect(length == text.utf8.count)
        }
    }

    @Test func `a zero byte in text is a typed error and affects no other statement`() async throws {
        try await TestDatabase.with { test in
            let error = await #expect(throws: PostgresError.self) {
                _ = try await test.database.query("select \("a\0b")")
            }
            #expect(error?.sqlState == "22021")
            let still = try await test.database.query("select \(1)").first?.get(0, as: Int.self)
            #expect(still == 1)
        }
    }

    enum Role: String, PostgresValue { case learner, teacher }

    @Test func `an enumeration of strings needs no code`() async throws {
        try await TestDatabase.with { test in
            let rows = try await test.database.query(
                "select \(Role.teacher), \([Role.learner, .teacher]), 'admin'::text as role")
            let row = try #require(rows.first)
            let (role, roles) = try row.decode(Role.self, [Role].self)
            #expect(role == .teacher && roles == [.learner, .teacher])
            #expect(throws: PostgresError.self) { try row.get("role", as: Role.self) }
            #expect(try row.get("role") == "admin")
        }
    }

    @Test func `dates and times without zone are read as UTC`() async throws {
        try await TestDatabase.with { test in
            let rows = try await test.database.query(
                "select '2024-02-29'::date, '2024-02-29 12:00:00.000001'::timestamp, now()::date = \(Date())::date")
            let (day, time, same) = try #require(rows.first).decode(Date.self, Date.self, Bool.self)
            #expect(day == Date(timeIntervalSince1970: 1_709_164_800))
            #expect(abs(time.timeIntervalSince1970 - 1_709_208_000.000001) < 0.000_000_5)
            #expect(same)
        }
    }

    @Test func `a statement with many parameters and parts is put together`() async throws {
        try await TestDatabase.with { test in
            let condition: SQL = "n > \(2) and n < \(5)"
            let rows = try await test.database.query(
                "select n from generate_series(1, \(10)) as \(quoted: "we\"ird") (n) where \(condition) and n <> \(3)")
            #expect(try rows.map { try $0.get(0, as: Int.self) } == [4])
            var many = SQL(raw: "select ")
            for index in 0..<1_000 {
                let part: SQL = index == 0 ? "\(index)" : " + \(index)"
                many = "\(many)\(part)"
            }
            #expect(try await test.database.query(many).first?.get(0, as: Int.self) == 499_500)
        }
    }
}
