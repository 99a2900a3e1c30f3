// swift-tools-version: 6.2
import PackageDescription

// The folders are the architecture and imports go down only: Programs → Services → Platform → Backbone → Drivers → System.
// There is no package dependency: the toolchain and the C libraries of the distribution are all a build needs.

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// A C library of the distribution: its module map, and the packages that bring it.
func library(_ name: String, pkgConfig: String?, apt: String, brew: String) -> Target {
    .systemLibrary(
        name: name, path: "Sources/System/\(name)", pkgConfig: pkgConfig,
        providers: [.apt([apt]), .brew([brew])])
}

// On Linux its headers are where a compiler looks; its description carries a flag that the package manager warns of.
#if os(macOS)
let hiredisConfig: String? = "hiredis"
#else
let hiredisConfig: String? = nil
#endif

/// A narrow C header of our own in front of a library whose own headers Swift cannot or should not see.
/// - Parameter links: what no description of a library says.
func shim(_ name: String, over libraries: String..., links: [String] = []) -> Target {
    .target(
        name: name, dependencies: libraries.map { .target(name: $0) }, path: "Sources/System/\(name)",
        linkerSettings: links.map { .linkedLibrary($0) })
}

func module(_ folder: String, _ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(folder)/\(name)", swiftSettings: swiftSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: exclude, swiftSettings: swiftSettings)
}

/// The drivers every service stands on, and the backbone.
let drivers: [Target.Dependency] = [
    "HTTP", "Kafka", "ObjectStore", "Postgres", "Redis", "Secrets", "Observability", "EventLoop",
]
let backbone: [Target.Dependency] = ["Messaging", "SchemaRegistry", "Contracts", "Avro"]

/// Every service, in the order of their ports, and what runs beside them.
let services: [Target.Dependency] = [
    "Gateway",
    "User",
    "Auth",
    "Course",
    "Enrollment",
    "Payment",
    "Media",
    "Notification",
    "Content",
    "Assessment",
    "Review",
    "Certificate",
    "Gamification",
    "Registry",
    "Sandbox",
]

func service(_ name: String, drivers more: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: ["Platform"] + backbone + drivers + more,
        path: "Sources/Services/\(name)", exclude: ["README.md"], swiftSettings: swiftSettings)
}

let package = Package(
    name: "LearningHub",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "learning-hub", targets: ["learning-hub"])],
    targets: [
        // System
        library("Libevent", pkgConfig: "libevent_core", apt: "libevent-dev", brew: "libevent"),
        library("Libcurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev", brew: "curl"),
        library("Libpq", pkgConfig: "libpq", apt: "libpq-dev", brew: "libpq"),
        library("Libargon2", pkgConfig: "libargon2", apt: "libargon2-dev", brew: "argon2"),
        library("Libcrypto", pkgConfig: "libcrypto", apt: "libssl-dev", brew: "openssl@3"),
        library("Libjansson", pkgConfig: "jansson", apt: "libjansson-dev", brew: "jansson"),
        library("Librdkafka", pkgConfig: "rdkafka", apt: "librdkafka-dev", brew: "librdkafka"),
        library("Libhiredis", pkgConfig: hiredisConfig, apt: "libhiredis-dev", brew: "hiredis"),
        library("Cjose", pkgConfig: "cjose", apt: "libcjose-dev", brew: "cjose"),
        library("Libcmark", pkgConfig: "libcmark-gfm", apt: "libcmark-gfm-extensions-dev", brew: "cmark-gfm"),
        library("Libpango", pkgConfig: "pangocairo", apt: "libpango1.0-dev", brew: "pango"),
        library("Libyaml", pkgConfig: "yaml-0.1", apt: "libyaml-dev", brew: "libyaml"),
        library("Libmagic", pkgConfig: "libmagic", apt: "libmagic-dev", brew: "libmagic"),
        library("Libqrencode", pkgConfig: "libqrencode", apt: "libqrencode-dev", brew: "qrencode"),
        shim("CWake"),
        shim("CEvent", over: "CWake", "Libevent"),
        shim("CSockets"),
        shim("CCurl", over: "Libcurl"),
        shim("CPostgres", over: "Libpq"),
        shim("CKafka", over: "CWake", "Librdkafka"),
        shim("CRedis", over: "Libhiredis", links: ["hiredis"]),
        shim("CSecrets", over: "Libcrypto", "Libargon2", "Libjansson", "Cjose"),
        shim("CMagic", over: "Libmagic"),
        shim("CMarkdown", over: "Libcmark"),
        shim("CProcess"),
        .target(
            name: "CCommit", path: "Sources/System/CCommit",
            cSettings: [.define("HUB_COMMIT", to: "\"\(Context.environment["HUB_COMMIT"] ?? "")\"")]),
        shim("CYAML", over: "Libyaml"),
        shim("CDrawing", over: "Libpango", "Libqrencode"),

        // Drivers
        module("Drivers", "EventLoop", ["CEvent"]),
        module("Drivers", "Observability", ["EventLoop"]),
        module("Drivers", "Commit", ["CCommit"]),
        module("Drivers", "HTTP", ["CCurl", "CSockets", "EventLoop"]),
        module("Drivers", "Subprocess", ["CProcess", "EventLoop"]),
        module("Drivers", "Postgres", ["CPostgres", "Subprocess", "EventLoop"]),
        module("Drivers", "Kafka", ["CKafka", "EventLoop", "Observability"]),
        module("Drivers", "Redis", ["CRedis", "EventLoop"]),
        module("Drivers", "Mail", ["HTTP", "EventLoop"]),
        module("Drivers", "Secrets", ["CSecrets", "EventLoop"]),
        module("Drivers", "ObjectStore", ["HTTP", "Secrets", "EventLoop"]),
        module("Drivers", "FileTypes", ["CMagic"]),
        module("Drivers", "Documents", ["CDrawing", "CMarkdown", "EventLoop"]),
        module("Drivers", "Stripe", ["HTTP", "Secrets"]),
        module("Drivers", "YAML", ["CYAML"]),

        // Backbone
        module("Backbone", "Avro"),
        module("Backbone", "Contracts", ["Avro"]),
        module("Backbone", "SchemaRegistry", ["Avro", "Contracts", "HTTP", "Postgres", "EventLoop"]),
        module(
            "Backbone", "Messaging",
            ["Avro", "Contracts", "SchemaRegistry", "Kafka", "Postgres", "EventLoop", "Observability"]),

        // Platform
        .target(
            name: "Platform",
            dependencies: ["Messaging", "SchemaRegistry", "Contracts", "Avro"] + drivers,
            path: "Sources/Platform", swiftSettings: swiftSettings),

        // Services
        service("Gateway", drivers: ["Documents", "YAML"]),
        service("User"),
        service("Auth"),
        service("Notification", drivers: ["Mail"]),
        service("Certificate", drivers: ["Documents"]),
        service("Gamification"),
        service("Course"),
        service("Enrollment"),
        service("Content", drivers: ["Documents"]),
        service("Assessment"),
        service("Review"),
        service("Registry"),
        service("Payment", drivers: ["Stripe"]),
        service("Media", drivers: ["FileTypes", "Subprocess"]),
        service("Sandbox", drivers: ["Stripe"]),

        // Programs
        .executableTarget(
            name: "learning-hub",
            dependencies: services + ["Platform", "Mail", "Commit"] + backbone + drivers,
            path: "Sources/Programs/learning-hub", swiftSettings: swiftSettings),
        .executableTarget(
            name: "avro-generate", dependencies: ["Avro"],
            path: "Sources/Programs/avro-generate", swiftSettings: swiftSettings),

        // Tests
        .target(name: "ThreadSanitizer", path: "Tests/ThreadSanitizer"),
        .target(name: "KafkaMock", dependencies: ["Librdkafka"], path: "Tests/KafkaMock"),
        .target(
            name: "HubTesting",
            dependencies: [
                "ThreadSanitizer", "KafkaMock", "Messaging", "SchemaRegistry", "Contracts", "Avro", "Platform",
                "Subprocess",
            ]
                + drivers,
            path: "Tests/HubTesting", exclude: ["Scripts"], swiftSettings: swiftSettings),
        tests("EventLoopTests", ["EventLoop", "HubTesting"]),
        tests("ObservabilityTests", ["Observability", "HubTesting", "EventLoop"]),
        tests("HTTPTests", ["HTTP", "HubTesting", "EventLoop"]),
        tests("CommitTests", ["Commit"]),
        tests("SubprocessTests", ["Subprocess", "HubTesting", "EventLoop"]),
        tests("PostgresTests", ["Postgres", "HubTesting", "EventLoop"]),
        tests("KafkaTests", ["Kafka", "HubTesting", "EventLoop", "Observability"]),
        tests("RedisTests", ["Redis", "HubTesting", "EventLoop"]),
        tests("MailTests", ["Mail", "HTTP", "HubTesting", "EventLoop"]),
        tests("StripeTests", ["Stripe", "HTTP", "Secrets", "HubTesting", "EventLoop"]),
        tests("SecretsTests", ["Secrets", "HubTesting", "EventLoop"]),
        tests("ObjectStoreTests", ["ObjectStore", "HTTP", "Secrets", "HubTesting", "EventLoop"]),
        tests("FileTypesTests", ["FileTypes", "HubTesting"]),
        tests("DocumentsTests", ["Documents", "HubTesting", "EventLoop"], exclude: ["Scripts"]),
        tests("YAMLTests", ["YAML", "HubTesting"], exclude: ["Scripts"]),
        tests("AvroTests", ["Avro", "Contracts", "HubTesting"], exclude: ["Scripts"]),
        tests("ContractsTests", ["Contracts", "Avro", "avro-generate", "HubTesting"], exclude: ["Goldens"]),
        tests("SchemaRegistryTests", ["SchemaRegistry", "Avro", "Contracts", "HubTesting"] + drivers),
        tests("MessagingTests", ["Messaging", "SchemaRegistry", "Avro", "Contracts", "HubTesting"] + drivers),
        tests("PlatformTests", ["Platform", "ServiceTesting", "HubTesting"] + backbone + drivers),
        .target(
            name: "ServiceTesting",
            dependencies: ["Platform", "HubTesting"] + backbone + drivers,
            path: "Tests/ServiceTesting", swiftSettings: swiftSettings),
        tests(
            "UserTests", ["User", "ServiceTesting", "Platform", "HubTesting"] + backbone + drivers,
            exclude: ["Fixtures"]),
        tests("AuthTests", ["Auth", "User", "ServiceTesting", "Platform", "HubTesting"] + backbone + drivers),
        tests(
            "NotificationTests",
            ["Notification", "ServiceTesting", "Mail", "Platform", "HubTesting"] + backbone + drivers),
        tests(
            "CertificateTests",
            ["Certificate", "ServiceTesting", "Platform", "HubTesting"] + backbone + drivers),
        tests("GamificationTests", ["Gamification", "ServiceTesting", "Platform", "HubTesting"] + backbone + drivers),
        tests("EnrollmentTests", ["Enrollment", "ServiceTesting", "Platform", "HubTesting"] + backbone + drivers),
        tests("CourseTests", ["Course", "ServiceTesting", "Platform", "HubTesting"] + backbone + drivers),
        tests("ContentTests", ["Content", "Course", "ServiceTesting", "Platform", "HubTesting"] + backbone + drivers),
        tests("AssessmentTests", ["Assessment", "ServiceTesting", "Platform", "HubTesting"] + backbone + drivers),
        tests("ReviewTests", ["Review", "ServiceTesting", "Platform", "HubTesting"] + backbone + drivers),
        tests(
            "PaymentTests",
            ["Payment", "Sandbox", "Stripe", "ServiceTesting", "Platform", "HubTesting"] + backbone + drivers),
        tests("SandboxTests", ["Sandbox", "ServiceTesting", "Platform", "HubTesting"] + backbone + drivers),
        tests("MediaTests", ["Media", "FileTypes", "ServiceTesting", "Platform", "HubTesting"] + backbone + drivers),
        tests("RegistryTests", ["Registry", "ServiceTesting", "Platform", "HubTesting"] + backbone + drivers),
        tests(
            "GatewayTests",
            ["Gateway", "Auth", "User", "Documents", "ServiceTesting", "Platform", "HubTesting"] + backbone + drivers),
        .target(
            name: "SystemTesting", dependencies: ["EventLoop", "HTTP", "HubTesting", "Secrets"],
            path: "Tests/SystemTesting",
            swiftSettings: swiftSettings),
        tests(
            "SystemTests", ["learning-hub", "SystemTesting", "Platform", "HubTesting"] + backbone + drivers,
            exclude: ["Scripts"]),
        tests(
            "CommandTests", ["learning-hub", "SystemTesting", "Platform", "HubTesting"] + backbone + drivers,
            exclude: ["Scripts"]),
        tests("FaultTests", ["learning-hub", "SystemTesting", "HubTesting"] + backbone + drivers),
        tests(
            "ProgramTests",
            ["learning-hub", "Platform", "HubTesting"] + services + backbone + drivers),
        tests("FuzzTests", ["Mail", "HubTesting"] + backbone + drivers),
        tests("TidyTests", ["Contracts", "HubTesting"]),
    ]
)
