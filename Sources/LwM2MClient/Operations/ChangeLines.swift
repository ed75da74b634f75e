import EventLoop

/// Lets only so many changes of one server be carried out at a time, each server's in the order in which they came.
///
/// What they share below (state files that are written one after the other, the installer) is then never more than so many changes
/// of each other server away, however many these ask for.
@LoopActor
final class ChangeLines {
    /// Changes of one server that are carried out at a time.
    static let limit = 8

    private var underWay: [UInt16: Int] = [:]
    private var waiting: [UInt16: [@LoopActor () -> Void]] = [:]

    /// Calls `begin` at once, or when the account's changes before it leave room; `leave` ends what was begun.
    func enter(_ account: UInt16, _ begin: @escaping @LoopActor () -> Void) {
        guard underWay[account, default: 0] < Self.limit else {
            waiting[account, default: []].append(begin)
            return
        }
        underWay[account, default: 0] += 1
        begin()
    }

    func leave(_ account: UInt16) {
        if var line = waiting[account], !line.isEmpty {
            let begin = line.removeFirst()
            waiting[account] = line.isEmpty ? nil : line
            return begin()
        }
        let left = underWay[account, default: 1] - 1
        underWay[account] = left > 0 ? left : nil
    }
}
