public import Contracts
internal import Mail
public import Messaging
public import Platform
public import Postgres

/// Notifies people: in the application's list, by mail and by push message.
public struct NotificationService: HubService {
    public static let name = ServiceName.notification
    public static let publishes: [any Event.Type] = [NotificationEmail.self, NotificationPush.self]
    public static let settings = NotificationConfig.declarations
    public static let migrations = Migrations.all

    let operations: Operations

    public init(_ context: ServiceContext) throws {
        let config = try NotificationConfig(context.settings)
        let sender = config.smtp.map { url in
            MailSender(
                transport: SMTPTransport(url: url, client: context.http, timeout: config.mail.timeout),
                from: config.from, limits: config.mail, tasks: context.tasks, logger: context.logger,
                metrics: context.metrics)
        }
        let operations = Operations(
            database: context.database, outbox: context.outbox, tasks: context.tasks, from: config.from,
            language: config.language, sender: sender, now: context.clock)
        self.init(operations)
    }

    init(_ operations: Operations) { self.operations = operations }

    public func addRoutes(to routes: inout Routes) { NotificationRoutes(operations: operations).add(to: &routes) }

    public var handlers: [Handler] { Handlers(operations: operations).all }

    public var workers: [Worker] {
        let handlers = Handlers(operations: operations)
        return [
            Worker(group: .emailSender, handlers: handlers.mail), Worker(group: .pushSender, handlers: handlers.push),
        ]
    }

    public var tasks: [TaskHandler] {
        let operations = operations
        let telling = TaskHandler(TellLearners.self) { task, _ in try await operations.tellLearners(task) }
        guard let sender = operations.sender else { return [telling] }
        return [
            telling,
            TaskHandler(
                DeliverMail.self, policy: sender.policy,
                onGivenUp: { try await operations.giveUp($0, because: $1, by: sender, on: $2) },
                { try await operations.deliver($0, $1, by: sender) }),
        ]
    }

    public var jobs: [Job] {
        let operations = operations
        return [
            Job("tell those who have become known", every: .seconds(2)) {
                while try await operations.settleWaiting(countMax: 100) == 100 {}
            },
            Job("forget old notices and mails", every: .seconds(3_600)) { try await operations.tidyUp() },
        ]
    }
}
