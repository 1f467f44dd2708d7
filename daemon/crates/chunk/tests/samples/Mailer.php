<?php
declare(strict_types=1);

/**
 * Sends letters.
 */

namespace App\Mail;

use Psr\Log\LoggerInterface;

const LIMIT = 10;

/** What can be sent. */
interface Sendable
{
    public function body(): string;
}

trait Logs
{
    private ?LoggerInterface $logger = null;

    protected function log(string $line): void
    {
        $this->logger?->info($line);
    }
}

enum Priority: int
{
    case Low = 1;
    case High = 2;

    const DEFAULT = self::Low;

    public function label(): string
    {
        return ucfirst($this->name);
    }
}

/**
 * The mailer.
 */
#[Service]
abstract class Mailer implements Sendable
{
    use Logs;

    public const VERSION = '1', REVISION = 2;
    private array $sent = [];

    public function __construct(private readonly string $from) {}

    /** Sends one. */
    #[Pure]
    final public static function send(Sendable $letter, int ...$times): bool
    {
        $local = function () { return 1; };
        $short = fn ($x) => $x;
        return true;
    }

    abstract protected function connect(): void;
}

// Makes one.
function make_mailer(string $from): Mailer
{
    return new class($from) extends Mailer {
        protected function connect(): void {}
    };
}
