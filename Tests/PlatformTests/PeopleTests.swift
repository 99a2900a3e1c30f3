import Contracts
import Foundation
import HubTesting
import Platform
import Postgres
import Testing

@Suite struct PeopleTests {
    private static let template = TestDatabase.Template(
        schema: "desk",
        [
            MigrationHistory(
                component: "desk",
                [
                    Migration(
                        id: "person", sql: "create table person (user_id text primary key, erased_at timestamptz);")
                ])
        ])
    private let person = UserID.make(at: Date())
    private let people = People()

    private func isErased(_ database: Database) async throws -> Bool {
        try await database.transaction { tx in try await people.lock(person, on: tx).isErased() }
    }

    @Test func `an erased person stays erased, known before or not`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let times = [1_000.0, 2_000.0].map(Date.init(timeIntervalSince1970:))
            for time in times { try await test.database.transaction { people.erase(person, at: time, on: $0) } }
            let isErased = try await isErased(test.database)
            #expect(isErased)
            let erasedAt = try await test.database.query("select erased_at from person").first?.decode(Date.self)
            #expect(erasedAt == times.first)
        }
        try await TestDatabase.with(Self.template) { test in
            let isErasedBefore = try await isErased(test.database)
            try await test.database.transaction { people.erase(person, at: Date(), on: $0) }
            let isErasedAfter = try await isErased(test.database)
            #expect(!isErasedBefore && isErasedAfter)
        }
    }

    @Test func `an erasure waits for other operations of the person, and later ones see it`() async throws {
        try await TestDatabase.with(Self.template) { test in
            let isLocked = Gate(), mayCommit = Gate()
            async let work: Void = test.database.transaction { tx in
                let isErased = try await people.lock(person, on: tx).isErased()
                #expect(!isErased)
                isLocked.open()
                await mayCommit.wait()
            }
            await isLocked.wait()
            async let erasure: Void = test.database.transaction { people.erase(person, at: Date(), on: $0) }
            try await eventually("the erasure waits") {
                try await test.database.query("select from pg_locks where not granted").count == 1
            }
            mayCommit.open()
            try await work
            try await erasure
            let isErasedNow = try await isErased(test.database)
            #expect(isErasedNow)
        }
    }
}
