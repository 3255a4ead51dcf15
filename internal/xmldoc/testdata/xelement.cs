// Answers what XElement makes of documents. One document a line on standard
// input, in base64; one answer a line on standard output: "refused", or the
// element as ToString(DisableFormatting) and as Save(Stream) write it, both in
// base64. C# 7.3, any .NET; recorded with 9.0.7 on linux-x64.
using System;
using System.IO;
using System.Text;
using System.Xml.Linq;

static class Program
{
    static void Main()
    {
        var strict = new UTF8Encoding(false, true);
        for (string line; (line = Console.In.ReadLine()) != null;)
        {
            try
            {
                XElement element;
                using (var document = new MemoryStream(Convert.FromBase64String(line)))
                    element = XElement.Load(document);
                var file = new MemoryStream();
                element.Save(file);
                var compact = strict.GetBytes(element.ToString(SaveOptions.DisableFormatting));
                Console.Out.WriteLine(Convert.ToBase64String(compact) + " " + Convert.ToBase64String(file.ToArray()));
            }
            catch (Exception)
            {
                Console.Out.WriteLine("refused");
            }
        }
    }
}
