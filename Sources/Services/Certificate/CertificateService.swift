public import Contracts
public import Messaging
internal import ObjectStore
public import Platform
public import Postgres

/// Certificates: drawn when a course is completed; anyone with the code can verify them.
public struct CertificateService: HubService {
    public static let name: ServiceName = .certificate
    public static let settings = CertificateConfig.declarations
    public static let migrations = Migrations.all

    let operations: Operations

    public init(_ context: ServiceContext) async throws {
        operations = try await Operations(context, CertificateConfig(context.settings))
    }

    public func addRoutes(to routes: inout Routes) { CertificateRoutes(operations: operations).add(to: &routes) }

    public var handlers: [Handler] { Handlers(operations: operations).all }

    public var tasks: [TaskHandler] {
        let operations = operations
        return [
            TaskHandler(DrawCertificate.self) { payload, run in try await operations.draw(payload, run) },
            TaskHandler(RemoveFiles.self) { payload, _ in try await operations.removeFiles(of: payload.certificateID) },
        ]
    }

    public var healthChecks: [HealthCheck] {
        let objects = operations.objects
        return [HealthCheck("objects", isVital: false) { try await objects.check() }]
    }
}
