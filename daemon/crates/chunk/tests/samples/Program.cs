namespace Example.App;

/// <summary>Starts it.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        return args.Length;
    }
}
