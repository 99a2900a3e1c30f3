internal import Contracts
internal import Synchronization

/// The HTML of pages, by lesson and revision, in the memory of the process. A revision never changes, so none is ever wrong.
///
/// What was not asked for while half of the room filled up goes.
final class RenderedPages: Sendable {
    struct Key: Hashable, Sendable {
        let lesson: LessonID
        let revision: Int
    }

    private struct Page {
        let course: CourseID
        let html: String
    }

    private struct Generations {
        var young: [Key: Page] = [:]
        var old: [Key: Page] = [:]
        var youngBytes = 0
    }

    private let bytesMax: Int
    private let pages = Mutex(Generations())

    /// - Parameter bytesMax: of HTML in UTF-8, of all pages together.
    init(bytesMax: Int = 64 * 1024 * 1024) { self.bytesMax = bytesMax }

    func find(_ key: Key) -> String? {
        pages.withLock { pages in
            if let page = pages.young[key] { return page.html }
            guard let page = pages.old[key] else { return nil }
            add(page, key, to: &pages)
            return page.html
        }
    }

    func insert(_ html: String, _ key: Key, of course: CourseID) {
        pages.withLock { add(Page(course: course, html: html), key, to: &$0) }
    }

    /// Forgets the pages of a course.
    func drop(_ course: CourseID) {
        pages.withLock { pages in
            pages.old = pages.old.filter { $0.value.course != course }
            pages.young = pages.young.filter { $0.value.course != course }
            pages.youngBytes = pages.young.values.reduce(0) { $0 + $1.html.utf8.count }
        }
    }

    private func add(_ page: Page, _ key: Key, to pages: inout Generations) {
        let count = page.html.utf8.count
        guard count <= bytesMax / 2 else { return }
        if pages.youngBytes + count > bytesMax / 2 {
            pages.old = pages.young
            pages.young = [:]
            pages.youngBytes = 0
        }
        if pages.young.updateValue(page, forKey: key) == nil { pages.youngBytes += count }
    }
}
