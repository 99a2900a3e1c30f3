import Contracts
import Foundation
import Testing

@Suite struct HubIDTests {
    private let time = Date(timeIntervalSince1970: 1_705_428_000)

    @Test func `ids made in one process sort in the order they were made, whatever the clock does`() {
        var random = SystemRandomNumberGenerator()
        let times = (0..<2_000).map { time.addingTimeInterval(sin(Double($0)) / 100) }
        let ids = times.map { UserID.make(at: $0, random: &random) }
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == ids.count)
    }

    @Test func `ids created concurrently are unique`() async {
        let ids = await withTaskGroup(of: [EventID].self) { group in
            for _ in 0..<8 { group.addTask { [time] in (0..<2_000).map { _ in EventID.make(at: time) } } }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(ids).count == 16_000)
    }

    @Test func `an id is its prefix and a version 7 UUID in base32`() throws {
        let id = CourseID.make(at: Date(timeIntervalSince1970: 4_102_444_800))
        #expect(id.rawValue.hasPrefix("crs_"))
        #expect(id.rawValue.count == 30)
        let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
        let value = try id.rawValue.dropFirst(4).reduce(UInt128(0)) { value, digit in
            value << 5 | UInt128(try #require(alphabet.firstIndex(of: digit)))
        }
        #expect(value >> 76 & 15 == 7)
        #expect(value >> 62 & 3 == 2)
        #expect(value >> 80 >= 4_102_444_800_000)
    }

    @Test(arguments: [
        "", "usr", "usr_", "usr_ABC", "usr_a-b", "usr_aé", "crs_abc", "xusr_abc", "usr_abcdefgh{", "usr_{bcdefgh",
        "usr_`abcdefghi", "usr_abcdefg:/", "usr_abc\u{0}defghi", "usr_\(String(repeating: "a", count: 65))",
    ])
    func `text that is not an id of its kind is refused`(text: String) {
        #expect(throws: HubIDError(prefix: "usr")) { try UserID(validating: text) }
        #expect(UserID(rawValue: text) == nil)
    }

    @Test(arguments: [
        "usr_a", "usr_abc123", "usr_0123456789abcdefghijklmnopqrstuvwxyz", "usr_az09az09",
        "usr_\(String(repeating: "z", count: 64))",
    ])
    func `a valid id is kept unchanged`(text: String) throws {
        #expect(try UserID(validating: text).rawValue == text)
        #expect(try JSONDecoder().decode([UserID].self, from: Data("[\"\(text)\"]".utf8)).map(\.description) == [text])
    }

    @Test func `a caller's correlation id is accepted within limits`() throws {
        #expect(CorrelationID(rawValue: "Web-7f.3:a_b")?.rawValue == "Web-7f.3:a_b")
        for text in ["", "a b", "a\n", "é", String(repeating: "a", count: 129)] {
            #expect(CorrelationID(rawValue: text) == nil)
        }
        #expect(CorrelationID.make(at: time).rawValue.hasPrefix("req_"))
    }

    @Test func `a grade is for an assignment or a quiz`() throws {
        #expect(GradedWorkID(rawValue: "asg_a") != nil)
        #expect(GradedWorkID(rawValue: "quz_a") != nil)
        #expect(GradedWorkID(rawValue: "usr_a") == nil)
    }
}
