internal import Gateway
internal import Platform

/// Checks a hub's configuration.
extension Doctor {
    private static let part = "configuration"

    /// Of the running hub, or of one started from this shell.
    func configuration(_ running: RunningHub?, _ shell: Settings) -> [Finding] {
        let declarations = HubServices.settings
        guard let running, let first = running.processes.first else {
            let wrong = declarations.compactMap { shell.complaint(about: $0) }.map {
                Finding(
                    part: Self.part, state: .broken, detail: "\($0)",
                    remedy: "`\(Program.name) config` lists the allowed values")
            }
            return orSound(
                wrong + odd(in: shell), "\(declarations.count) settings of this shell are valid; no hub runs")
        }
        let living = running.processes.filter { running.runs($0) }
        let judged = living.isEmpty ? running.processes : living
        var findings: [Finding] = []
        for record in judged {
            for finding in odd(in: record.settings)
            where !findings.contains(where: { $0.detail == finding.detail }) {
                findings.append(finding)
            }
        }
        findings += places(living.map(\.settings), shell)
        let which =
            switch (judged.count, living.isEmpty) {
            case (1, false): "the running process \((living.first ?? first).pid)"
            case (1, true): "process \(first.pid), which has ended,"
            case (let count, false): "the \(count) running processes"
            case (let count, true): "the \(count) last processes, which have all ended,"
            }
        return orSound(findings, "the settings of \(which) are valid")
    }

    private func orSound(_ findings: [Finding], _ detail: String) -> [Finding] {
        findings.isEmpty ? [Finding(part: Self.part, state: .sound, detail: detail)] : findings
    }

    /// Settings that may be mistakes.
    private func odd(in settings: Settings) -> [Finding] {
        var findings = settings.unknownNames(among: HubServices.settings).map {
            Finding(
                part: Self.part, state: .odd, detail: "\($0) is not a known setting and has no effect",
                remedy: "correct its name, or unset it")
        }
        if settings.shown(named: "HUB_RATE_LIMITS") == "off" {
            findings.append(
                Finding(
                    part: Self.part, state: .odd, detail: "rate limits are off",
                    remedy: "unset HUB_RATE_LIMITS; `off` is for load tests only"))
        }
        let name = PlatformSettings.serviceHost.name
        if let host = settings.shown(named: name), !ServiceDirectory.isOfThisMachine(host) {
            findings.append(
                Finding(
                    part: Self.part, state: .odd,
                    detail: "the services listen on \(host), and other machines can connect to them",
                    remedy: "unset \(name), unless only machines of the hub are in this network"))
        }
        return findings
    }

    /// Whether all running processes use the same log, registry and secret. Commands do not use the secret of their shell.
    private func places(_ processes: [Settings], _ shell: Settings) -> [Finding] {
        let secret = PlatformSettings.identitySecret.name
        return (HubStore.places + [secret]).compactMap { name in
            let values = Set(processes.map { $0.shown(named: name) })
            if values.count > 1 {
                let all = values.map { $0 ?? "unset" }.sorted().joined(separator: " and ")
                return Finding(
                    part: Self.part, state: .broken,
                    detail: "processes of this hub have different values of \(name): \(all)",
                    remedy: "set the same value for all of them and restart them")
            }
            guard name != secret, let own = shell.shown(named: name), let value = values.first, own != value else {
                return nil
            }
            return Finding(
                part: Self.part, state: .odd,
                detail: "\(name) is \(own) in this shell, but \(value ?? "unset") for the hub",
                remedy: "unset it in this shell, unless both are addresses of the same server")
        }
    }
}

extension Settings {
    /// As ``shown(_:)``, for a setting that some service declares.
    func shown(named name: String) -> String? {
        HubServices.settings.first { $0.name == name }.flatMap { shown($0) }
    }
}
