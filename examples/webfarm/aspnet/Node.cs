using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Security.Claims;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.KeyManagement.Internal;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

/// <summary>
/// A node of the web farm, in ASP.NET Core as it comes: Data Protection over the shared directory, cookie
/// authentication with its defaults. node.go is the same in Go. It prints its address and ends when its input ends.
/// </summary>
static class Node
{
    const string Scheme = CookieAuthenticationDefaults.AuthenticationScheme;

    static string name;

    static void Main()
    {
        var config = JsonNode.Parse(Environment.GetEnvironmentVariable("WEBFARM_NODE"));
        name = (string)config["Name"];

        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var protection = builder.Services.AddDataProtection()
            .SetApplicationName((string)config["Application"])
            .PersistKeysToFileSystem(new DirectoryInfo((string)config["Ring"]));
        if ((bool)config["ReadOnly"])
        {
            protection.DisableAutomaticKeyGeneration();
        }
        builder.Services.AddAuthentication(Scheme).AddCookie(Scheme);

        var app = builder.Build();
        app.Use(SameOrigin);
        app.UseAuthentication();
        app.MapGet("/me", new RequestDelegate(Me));
        app.MapPost("/signin", new RequestDelegate(SignIn));
        app.MapPost("/signout", new RequestDelegate(SignOut));
        app.StartAsync().GetAwaiter().GetResult();
        Console.WriteLine(app.Urls.Single());
        Console.In.ReadToEnd();
    }

    /// <summary>Refuses POSTs that another site has made the browser send.</summary>
    static Task SameOrigin(HttpContext context, Func<Task> next)
    {
        if (HttpMethods.IsPost(context.Request.Method) && FromElsewhere(context.Request))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        }
        return next();
    }

    /// <summary>
    /// Old browsers send no Sec-Fetch-Site, and none sends it over plain HTTP to another machine; Origin they all do.
    /// What sends neither is no browser, and has no cookies but its own.
    /// </summary>
    static bool FromElsewhere(HttpRequest request)
    {
        string site = request.Headers["Sec-Fetch-Site"];
        if (!string.IsNullOrEmpty(site))
        {
            return site != "same-origin" && site != "none";
        }
        string origin = request.Headers["Origin"];
        return !string.IsNullOrEmpty(origin) && origin != "http://" + request.Host && origin != "https://" + request.Host;
    }

    static async Task SignIn(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        string user = form["name"].ToString().Trim();
        if (user.Length == 0 || user.Length > 64)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }
        var identity = new ClaimsIdentity("name");
        identity.AddClaim(new Claim(ClaimTypes.Name, user));
        identity.AddClaim(new Claim("node", name));
        if (form["large"].Count > 0)
        {
            identity.AddClaim(new Claim("groups", string.Concat(Enumerable.Repeat("group;", 1700))));
        }
        await context.SignInAsync(Scheme, new ClaimsPrincipal(identity));
        SeeOther(context);
    }

    static async Task SignOut(HttpContext context)
    {
        await context.SignOutAsync(Scheme);
        SeeOther(context);
    }

    static void SeeOther(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers["Location"] = "/";
    }

    static async Task Me(HttpContext context)
    {
        var answer = new JsonObject
        {
            { "node", name },
            { "runtime", "ASP.NET Core " + Environment.Version },
            { "default", DefaultKey(context) },
        };
        string cookie = CookieAuthenticationDefaults.CookiePrefix + Scheme;
        string value = new ChunkingCookieManager().GetRequestCookie(context, cookie);
        var result = await context.AuthenticateAsync(Scheme);
        if (result.Succeeded)
        {
            answer["user"] = result.Principal.Identity.Name;
            answer["by"] = result.Principal.FindFirst("node")?.Value;
            answer["key"] = KeyOf(value);
            answer["cookies"] = context.Request.Cookies.Keys.Count(key => key.StartsWith(cookie));
            answer["issued"] = result.Properties.IssuedUtc?.UtcDateTime;
            answer["expires"] = result.Properties.ExpiresUtc?.UtcDateTime;
        }
        else if (value != null)
        {
            answer["refused"] = result.Failure?.Message;
        }
        context.Response.ContentType = "application/json";
        context.Response.Headers["Cache-Control"] = "no-store";
        await context.Response.WriteAsync(answer.ToJsonString());
    }

    /// <summary>A payload begins with four bytes that are always the same, and the id of its key.</summary>
    static string KeyOf(string payload)
    {
        var id = new byte[16];
        Array.Copy(WebEncoders.Base64UrlDecode(payload), 4, id, 0, id.Length);
        return new Guid(id).ToString();
    }

    static string DefaultKey(HttpContext context)
    {
        // What a new payload says of its key is what this node protects with.
        var protector = context.RequestServices.GetRequiredService<IDataProtectionProvider>().CreateProtector("which key");
        return KeyOf(protector.Protect(""));
    }
}
