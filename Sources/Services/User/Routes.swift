internal import Avro
internal import Contracts
public import HTTP
public import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

struct UserRoutes: Sendable {
    let operations: Operations

    func add(to routes: inout Routes) {
        routes.postOnce("/auth/register", .anyone, register)
        routes.get("/users/me", .user, me)
        routes.patch("/users/me", .user, editMe)
        routes.delete("/users/me", .user, eraseMe)
        routes.get("/users/{id}", .user, publicProfile)
        routes.get("/users", .admin, query: .page(and: "query", "role"), list)
        routes.put("/users/{id}/role", .admin, changeRole)
        routes.post("/internal/credentials/verify", .service(.auth), verifyCredentials)
        routes.get("/internal/users/{id}", .service(.auth, .certificate, .payment), state)
        routes.put("/internal/users/{id}/plan", .service(.payment), endPlan)
    }

    // MARK: A person and their account

    struct RegisterBody: RequestBody {
        let registration: Registration

        init(_ fields: inout BodyFields) {
            registration = Registration(
                email: fields.checked("email"), password: fields.checked("password", trimmed: false),
                firstName: fields.checked("firstName"), lastName: fields.checked("lastName"),
                timeZone: fields.checkedIfThere("timeZone") ?? .utc, locale: fields.checkedIfThere("locale") ?? .english
            )
            if let complaint = registration.passwordComplaint { fields.complain("password", complaint.message) }
        }
    }

    @Sendable func register(_ request: Request, _ once: Once) async throws -> Response {
        let body = try await request.body(as: RegisterBody.self)
        let account = try await operations.register(body.registration, once)
        return try .created(ProfileView(account), at: Account.path(of: account.id))
    }

    struct ProfileView: Encodable {
        let id, email, firstName, lastName, role, plan, timeZone, locale: String
        let createdAt, updatedAt: Date

        init(_ account: Account) {
            id = account.id.rawValue
            email = account.email.text
            firstName = account.firstName.text
            lastName = account.lastName.text
            role = account.role.rawValue
            plan = account.plan.rawValue
            timeZone = account.timeZone.text
            locale = account.locale.text
            createdAt = account.createdAt
            updatedAt = account.updatedAt
        }
    }

    @Sendable func me(_ request: Request) async throws -> Response {
        try profile(try await operations.account(request.user))
    }

    struct EditBody: RequestBody {
        let edit: ProfileEdit

        init(_ fields: inout BodyFields) {
            edit = ProfileEdit(
                email: fields.checkedIfThere("email"), firstName: fields.checkedIfThere("firstName"),
                lastName: fields.checkedIfThere("lastName"), timeZone: fields.checkedIfThere("timeZone"),
                locale: fields.checkedIfThere("locale"))
        }
    }

    @Sendable func editMe(_ request: Request) async throws -> Response {
        let body = try await request.body(as: EditBody.self)
        let account = try await operations.edit(request.user, body.edit, ifVersion: request.isExpectedVersion)
        return try profile(account)
    }

    struct ErasureView: Encodable {
        let id: String
        let status = "ERASING"
    }

    @Sendable func eraseMe(_ request: Request) async throws -> Response {
        try await operations.erase(request.user)
        return try .accepted(ErasureView(id: request.user.rawValue))
    }

    private func profile(_ account: Account) throws -> Response {
        try .ok(ProfileView(account), version: account.version)
    }

    // MARK: Others

    struct PublicView: Encodable {
        let id, firstName, role: String
    }

    @Sendable func publicProfile(_ request: Request) async throws -> Response {
        let account = try await operations.account(request.id("id", as: UserID.self))
        return try .ok(
            PublicView(id: account.id.rawValue, firstName: account.firstName.text, role: account.role.rawValue))
    }

    @Sendable func list(_ request: Request) async throws -> Response {
        let page = try request.page(by: UserID.self)
        let accounts = try await operations.list(try request.accountSearch, page, by: request.user)
        return try .page(accounts.map(ProfileView.init), of: request)
    }

    struct RoleBody: RequestBody {
        let role: Role
        init(_ fields: inout BodyFields) { role = fields.choice("role", of: Role.self, else: .student) }
    }

    @Sendable func changeRole(_ request: Request) async throws -> Response {
        let id = try request.id("id", as: UserID.self)
        let body = try await request.body(as: RoleBody.self)
        let account = try await operations.changeRole(
            of: id, to: body.role, by: request.user, ifVersion: request.isExpectedVersion)
        return try profile(account)
    }

    // MARK: For the hub's other services

    struct CredentialsBody: RequestBody {
        let email, password: String

        /// Only the format is checked: impossible credentials get the same error as wrong ones.
        init(_ fields: inout BodyFields) {
            email = fields.string("email", length: 1...1_000)
            password = fields.string("password", length: 1...4_000, trimmed: false)
        }
    }

    struct CredentialsView: Encodable {
        let userId, role: String
    }

    @Sendable func verifyCredentials(_ request: Request) async throws -> Response {
        let body = try await request.body(as: CredentialsBody.self)
        let known = try await operations.verifyCredentials(email: body.email, password: body.password)
        return try .ok(CredentialsView(userId: known.id.rawValue, role: known.role.rawValue))
    }

    struct PlanBody: RequestBody {
        /// The start of a plan is an event; its end is reported by this call.
        enum Ended: String, CaseIterable {
            case free = "FREE"
        }

        let since: Date

        init(_ fields: inout BodyFields) {
            _ = fields.choice("plan", of: Ended.self, else: .free)
            let text = fields.string("since", length: 1...40)
            let since = Date(iso8601: text)
            if since == nil, !text.isEmpty { fields.complain("since", "must be a time in ISO-8601") }
            self.since = since ?? .distantPast
        }
    }

    @Sendable func endPlan(_ request: Request) async throws -> Response {
        let id = try request.id("id", as: UserID.self)
        try await operations.endPlan(of: id, at: try await request.body(as: PlanBody.self).since)
        return .noContent
    }

    struct StateView: Encodable {
        let userId, role, status: String
        /// Null after erasure, like all that follow.
        let firstName, lastName, timeZone, locale: String?
    }

    @Sendable func state(_ request: Request) async throws -> Response {
        let state = try await operations.state(of: request.id("id", as: UserID.self))
        return try .ok(
            StateView(
                userId: state.id.rawValue, role: state.role.rawValue, status: state.status.rawValue,
                firstName: state.firstName?.text, lastName: state.lastName?.text,
                timeZone: state.timeZone?.text, locale: state.locale?.text))
    }
}

extension Request {
    fileprivate var accountSearch: AccountSearch {
        get throws(Problem) {
            var search = AccountSearch()
            search.text = http.query("query").flatMap { $0.isEmpty ? nil : $0 }
            if let count = search.text?.count, count > PersonName.lengthMax {
                throw .invalidQuery("query", "must have at most \(PersonName.lengthMax) characters")
            }
            if let text = http.query("role") {
                guard let role = Role(rawValue: text) else { throw .invalidQuery("role", "is not a role") }
                search.role = role
            }
            return search
        }
    }
}

extension BodyFields {
    /// A required, validated text.
    fileprivate mutating func checked<Value: CheckedText>(_ name: String, trimmed: Bool = true) -> Value {
        let text = string(name, length: 1...Value.lengthMax, trimmed: trimmed)
        // An empty text is already reported.
        return text.isEmpty ? Value(stored: "") : check(text, name)
    }

    /// An optional, validated text.
    fileprivate mutating func checkedIfThere<Value: CheckedText>(_ name: String) -> Value? {
        optionalString(name, length: 1...Value.lengthMax).map { check($0, name) }
    }

    private mutating func check<Value: CheckedText>(_ text: String, _ name: String) -> Value {
        do {
            return try Value(text)
        } catch {
            complain(name, error.message)
            return Value(stored: "")
        }
    }
}

extension UserError: ProblemConvertible {
    public var problem: Problem {
        switch self {
        case .emailTaken:
            Problem(.conflict, "email-taken", detail: "An account with this e-mail address exists already.")
        case .notFound: .notFound
        case .notAdministrator: .notAllowed
        case .changedMeanwhile: .changedMeanwhile
        case .lastAdministrator:
            Problem(.conflict, "last-administrator", detail: "Make another person an administrator first.")
        case .wrongCredentials: Problem(.unauthorized, "wrong-credentials", detail: "E-mail or password is wrong.")
        case .busy(let seconds): .tooBusy(retryAfterSeconds: seconds)
        case .unacceptable(let field, let message): .invalidBody([.init(field: field, message: message)])
        }
    }
}
