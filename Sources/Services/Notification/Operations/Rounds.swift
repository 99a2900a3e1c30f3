internal import EventLoop

/// Work that comes round until the task is cancelled.
extension Operations {
    /// Tells those who have become known since.
    func settleAgainAndAgain(every interval: Duration = .seconds(1), on loop: EventLoop) async throws {
        while true {
            let countMax = 100
            while try await settleWaiting(countMax: countMax) == countMax {}
            try await loop.sleep(for: interval)
        }
    }

    func tidyUpAgainAndAgain(every interval: Duration = .seconds(3_600), on loop: EventLoop) async throws {
        while true {
            try await tidyUp()
            try await loop.sleep(for: interval)
        }
    }
}
