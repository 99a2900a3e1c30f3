internal import Auth
internal import Content
internal import Contracts
internal import Course
internal import Enrollment
internal import Gamification
internal import Gateway
internal import Notification
internal import Platform
internal import Registry
internal import Review
internal import User

/// The services this program holds.
enum HubServices {
    static let all: [any HubService.Type] = [
        GatewayService.self, UserService.self, AuthService.self, CourseService.self, EnrollmentService.self,
        NotificationService.self,
        ContentService.self, ReviewService.self, GamificationService.self, RegistryService.self,
    ]

    /// Those that `up` starts: with another schema registry in use, not the hub's own.
    static func started(with settings: Settings) -> [any HubService.Type] {
        all.filter { $0.name != .registry || !settings.isSet(PlatformSettings.registryAddresses) }
    }

    static var names: String { all.map { $0.name.rawValue }.joined(separator: ", ") }

    static func named(_ name: String) -> (any HubService.Type)? { all.first { $0.name.rawValue == name } }

    /// Every setting of the program, each once.
    static var settings: [SettingDeclaration] {
        var names: Set<String> = []
        return (PlatformSettings.declarations + all.flatMap { $0.settings }).filter { names.insert($0.name).inserted }
    }
}
