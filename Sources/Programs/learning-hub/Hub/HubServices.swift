internal import Assessment
internal import Auth
internal import Certificate
internal import Content
internal import Contracts
internal import Course
internal import Enrollment
internal import Gamification
internal import Gateway
internal import Media
internal import Notification
internal import Payment
internal import Platform
internal import Registry
internal import Review
internal import Sandbox
internal import User

/// The services this program holds.
enum HubServices {
    static let all: [any HubService.Type] = [
        GatewayService.self,
        UserService.self,
        AuthService.self,
        CourseService.self,
        EnrollmentService.self,
        PaymentService.self,
        MediaService.self,
        NotificationService.self,
        ContentService.self,
        AssessmentService.self,
        ReviewService.self,
        CertificateService.self,
        GamificationService.self,
        RegistryService.self,
        SandboxService.self,
    ]

    /// Those that `up` starts: without substitutes for configured external systems.
    static func started(with settings: Settings) -> [any HubService.Type] {
        all.filter { service in
            switch service.name {
            case .registry: !settings.isSet(PlatformSettings.registryAddresses)
            case .sandbox: !settings.isSet(PaymentConfig.secretKeySetting)
            default: true
            }
        }
    }

    static var names: String { all.map { $0.name.rawValue }.joined(separator: ", ") }

    static func named(_ name: String) -> (any HubService.Type)? { all.first { $0.name.rawValue == name } }

    /// The complaint about a name that is no service's.
    static func unknown(_ name: String) -> String {
        let suggestion = Suggestion.text(for: name, among: all.map { $0.name.rawValue })
        return "there is no service `\(name)`\(suggestion.isEmpty ? "." : suggestion) The services: \(names)"
    }

    /// Every setting of the program, each once.
    static var settings: [SettingDeclaration] {
        var names: Set<String> = []
        return (PlatformSettings.declarations + all.flatMap { $0.settings }).filter { names.insert($0.name).inserted }
    }
}
