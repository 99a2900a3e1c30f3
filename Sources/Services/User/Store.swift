internal import Contracts
internal import Postgres
internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// All SQL of the service.
struct Store: Sendable {
    // MARK: Reading

    func find(_ id: UserID, on statements: some Statements) async throws -> Account? {
        try await statements.query(
            "select \(Self.columns) from account where id = \(id.rawValue) and erased_at is null"
        ).first.map(account)
    }

    /// The account, locked until the transaction ends.
    func lock(_ id: UserID, on tx: Transaction) async throws -> Account? {
        try await tx.query(
            "select \(Self.columns) from account where id = \(id.rawValue) and erased_at is null for update"
        ).first.map(account)
    }

    /// The data of an account for other services, also of an erased one.
    func findState(_ id: UserID, on statements: some Statements) async throws -> AccountState? {
        try await statements.query(
            """
            select role, erased_at is not null, first_name, last_name, time_zone, locale from account
            where id = \(id.rawValue)
            """
        ).first.map { row in
            let (role, isErased, firstName, lastName, timeZone, locale) = try row.decode(
                String.self, Bool.self, String?.self, String?.self, String?.self, String?.self)
            return AccountState(
                id: id, role: try known(role), status: isErased ? .erased : .active,
                firstName: firstName.map(PersonName.init(stored:)), lastName: lastName.map(PersonName.init(stored:)),
                timeZone: timeZone.map(TimeZoneName.init(stored:)), locale: locale.map(LocaleTag.init(stored:)))
        }
    }

    func findCredentials(_ email: Email, on statements: some Statements) async throws -> Credentials? {
        try await statements.query(
            "select id, role, password_hash from account where email_folded = \(email.folded) and erased_at is null"
        ).first.map { row in
            let (id, role, text) = try row.decode(String.self, String.self, String.self)
            guard let hash = PasswordHash(rawValue: text) else { throw PasswordError.malformedHash }
            return Credentials(id: UserID(checked: id), role: try known(role), hash: hash)
        }
    }

    /// Newest accounts first.
    /// - Parameter before: only accounts older than this one; nil for the first page.
    func list(
        _ search: AccountSearch, before: UserID?, countMax: Int, on statements: some Statements
    ) async throws -> [Account] {
        var sql: SQL = "select \(Self.columns) from account where erased_at is null"
        if let before { sql = "\(sql) and id < \(before.rawValue)" }
        if let role = search.role { sql = "\(sql) and role = \(role.rawValue)" }
        if let text = search.text {
            let pattern = "%\(Self.escaped(text.lowercased()))%"
            sql = "\(sql) and (email_folded like \(pattern) or lower(first_name || ' ' || last_name) like \(pattern))"
        }
        return try await statements.query("\(sql) order by id desc limit \(countMax)").map(account)
    }

    /// The ids of all administrators, whose rows stay locked until the transaction ends.
    func lockAdministrators(on tx: Transaction) async throws -> [UserID] {
        // Locked in id order, so that two transactions cannot deadlock.
        try await tx.query("select id from account where role = 'ADMIN' and erased_at is null order by id for update")
            .map { UserID(checked: try $0.decode(String.self)) }
    }

    func hasFirstAdmin(on statements: some Statements) async throws -> Bool {
        try await !statements.query("select 1 from first_admin").isEmpty
    }

    // MARK: Writing

    /// - Returns: false when another account has the address.
    func insert(_ account: Account, _ hash: PasswordHash, on tx: Transaction) async throws -> Bool {
        try await tx.execute(
            """
            insert into account (id, email, email_folded, first_name, last_name, password_hash, time_zone, locale,
                role, plan, version, created_at, updated_at)
            values (\(account.id.rawValue), \(account.email.text), \(account.email.folded), \(account.firstName.text),
                \(account.lastName.text), \(hash.rawValue), \(account.timeZone.text), \(account.locale.text),
                \(account.role.rawValue), \(account.plan.rawValue), \(account.version), \(account.createdAt),
                \(account.updatedAt))
            on conflict (email_folded) do nothing
            """) == 1
    }

    /// - Throws: ``UserError/emailTaken``.
    func update(_ account: Account, on tx: Transaction) async throws {
        do {
            try await tx.execute(
                """
                update account set email = \(account.email.text), email_folded = \(account.email.folded),
                    first_name = \(account.firstName.text), last_name = \(account.lastName.text),
                    time_zone = \(account.timeZone.text), locale = \(account.locale.text),
                    role = \(account.role.rawValue), plan = \(account.plan.rawValue),
                    version = \(account.version), updated_at = \(account.updatedAt)
                where id = \(account.id.rawValue)
                """)
        } catch let error as PostgresError where error.isUniqueViolation {
            throw UserError.emailTaken
        }
    }

    func update(
        _ hash: PasswordHash, of id: UserID, instead old: PasswordHash, on statements: some Statements
    ) async throws {
        // Only replaces the verified hash: a password changed meanwhile is kept.
        _ = try await statements.query(
            """
            update account set password_hash = \(hash.rawValue)
            where id = \(id.rawValue) and password_hash = \(old.rawValue)
            """)
    }

    /// Stores the start time of the plan. False when a newer event has set it.
    func updatePlanTime(_ id: UserID, since: Date, on tx: Transaction) async throws -> Bool {
        try await tx.execute(
            """
            update account set plan_since = \(since)
            where id = \(id.rawValue) and erased_at is null and (plan_since is null or plan_since < \(since))
            """) == 1
    }

    /// Keeps the id and deletes all personal data.
    func erase(_ id: UserID, at time: Date, on tx: Transaction) async throws {
        try await tx.execute(
            """
            update account set email = null, email_folded = null, first_name = null, last_name = null,
                password_hash = null, time_zone = null, locale = null, role = 'STUDENT', plan = 'FREE',
                plan_since = null, version = version + 1, updated_at = \(time), erased_at = \(time)
            where id = \(id.rawValue)
            """)
    }

    /// - Returns: false when the first administrator was already created.
    func insertFirstAdmin(at time: Date, on tx: Transaction) async throws -> Bool {
        try await tx.execute("insert into first_admin (made_at) values (\(time)) on conflict do nothing") == 1
    }

    // MARK: Rows

    private static let columns: SQL = """
        id, email, first_name, last_name, role, plan, time_zone, locale, version, created_at, updated_at
        """

    private func account(_ row: Row) throws -> Account {
        let (id, email, firstName, lastName, role, plan, timeZone, locale, version, createdAt, updatedAt) =
            try row.decode(
                String.self, String.self, String.self, String.self, String.self, String.self, String.self,
                String.self, Int.self, Date.self, Date.self)
        return Account(
            id: UserID(checked: id), email: Email(stored: email), firstName: PersonName(stored: firstName),
            lastName: PersonName(stored: lastName), role: try known(role), plan: Plan(rawValue: plan),
            timeZone: TimeZoneName(stored: timeZone), locale: LocaleTag(stored: locale), version: version,
            createdAt: createdAt, updatedAt: updatedAt)
    }

    private func known(_ role: String) throws -> Role {
        guard let role = Role(rawValue: role) else { throw PostgresError(.decoding, "an unknown role") }
        return role
    }

    /// Escapes the wildcards of `like`.
    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { escaped, character in
            if character == "\\" || character == "%" || character == "_" { escaped.append("\\") }
            escaped.append(character)
        }
    }
}

/// The data for checking a password.
struct Credentials: Sendable {
    let id: UserID
    let role: Role
    let hash: PasswordHash
}

/// The data for other services.
struct AccountState: Sendable {
    let id: UserID
    let role: Role
    let status: AccountStatus
    /// nil after erasure, like all that follow.
    let firstName: PersonName?
    let lastName: PersonName?
    let timeZone: TimeZoneName?
    let locale: LocaleTag?
}

/// An administrator's search for accounts.
struct AccountSearch: Sendable {
    /// A part of the address or name.
    var text: String?
    var role: Role?
}
