/*
 * Reads feeds and hands their entries on.
 */
@file:JvmName("Feeds")

package example.feed

import java.time.Instant

/** How many entries a page holds. */
const val PAGE_SIZE = 50

private val started: Instant = Instant.now()

typealias Listener = (Entry) -> Unit

/** One entry. */
@Serializable
data class Entry(
    val title: String,
    val link: String = "",
)

sealed interface Outcome {
    data class Done(val entries: List<Entry>) : Outcome
    data object Gone : Outcome
}

enum class Format(val extension: String) {
    /** Really simple. */
    RSS("rss"),
    ATOM("atom") {
        override fun parse(text: String): List<Entry> = emptyList()
    };

    abstract fun parse(text: String): List<Entry>

    companion object {
        fun of(name: String): Format = valueOf(name)
    }
}

@Target(AnnotationTarget.CLASS)
annotation class Experimental(val since: String)

/**
 * Reads one feed.
 *
 * @param url where it is
 */
@Experimental("2.0")
open class Feed<T : Any> internal constructor(private val url: String) : Source(url), AutoCloseable {
    @Volatile private var isOpen = true
    lateinit var parser: Format

    /** What was read so far. */
    val size: Int
        get() = entries.size
    var limit: Int = PAGE_SIZE
        private set
    private val entries by lazy { mutableListOf<Entry>() }
    private val watcher = object : Watcher() {
        override fun changed(at: Instant) {
            refresh()
        }
    }

    init {
        check(url.isNotEmpty())
    }

    /** Reads from a file. */
    constructor(file: File) : this(file.path) {
        limit = 1
    }

    // Entries come newest first.
    @Throws(IOException::class)
    override suspend fun read(count: Int, vararg names: String): List<Entry> {
        val page = 1
        fun fetch(index: Int) = entries[index + page]
        class Cursor(var at: Int)
        return listOf(fetch(count))
    }

    operator fun get(index: Int) = entries[index]

    inner class Page(val number: Int) {
        fun next() = Page(number + 1)
    }

    companion object {
        private const val TIMEOUT = 30
        @JvmStatic fun open(url: String): Feed<Entry> = Feed(url)
    }

    override fun close() {}
}

object Registry : Outcome {
    private val feeds = HashMap<String, Feed<*>>()
    fun find(name: String) = feeds[name]
}

fun interface Filter {
    fun keep(entry: Entry): Boolean
}

/** The first words. */
fun Entry.summary(words: Int = 10): String = title.take(words)

inline fun <reified T> List<T>?.orNone(): List<T> = this ?: emptyList()

val Entry.isEmpty: Boolean
    get() = title.isEmpty()

class FeedTest {
    @Test
    fun `reads an empty feed`() {
    }
}
